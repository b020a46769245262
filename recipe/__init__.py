"""Build the default model: all-MiniLM-L6-v2, fine-tuned on questions of SQuAD, as symmetric INT8 OpenVINO IR.

Needed only to rebuild `embed/default`, never at run time. The recipe is not in the wheel; run it from a checkout, with
the extra `recipe` installed:

    python -m wherein.recipe --data SQUAD_TRAIN_FOLDER --evaluate SQUAD_DEV.json --output embed/default

    pairs -> neighbors -> batches -> training   tuned weights (in OUTPUT.work, from which a stopped run resumes)
    holdout -> averaging                         the share of the tuned weights
    weights -> body -> convert -> quantize       model.xml, model.bin
    tokenizer                                    tokenizer.json
    evaluate -> manifest                         model.json

With `--untrained` the first two lines are skipped. The hyperparameters are in `plan`.
"""
