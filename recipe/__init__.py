"""The recipe of the default model: all-MiniLM-L6-v2, tuned on questions of SQuAD, becomes symmetric INT8 OpenVINO IR.

Needed only to rebuild `embed/default`, never at run time:

    python -m wherein.recipe --data SQUAD_TRAIN_FOLDER --evaluate SQUAD_DEV.json --output embed/default

    pairs -> neighbours -> batches -> training   tuned weights (in OUTPUT.work, from where a stopped run goes on)
    holdout -> averaging                         how much of the tuning is taken
    weights -> body -> convert -> quantize       model.xml, model.bin
    tokenizer                                    tokenizer.json
    evaluate -> manifest                         model.json

With `--untrained` the first two lines are left out. What decides the training is in `plan`.
"""
