"""Build the default answer model: MiniLM trained on SQuAD as an extractive reader, as symmetric INT8 OpenVINO IR.

    python -m wherein.recipe.reader --data SQUAD_TRAIN_FOLDER --output embed/reader

    examples -> rows -> epochs -> training   trained weights (in OUTPUT.work, from which a stopped run resumes)
    network -> graph -> quantization         model.xml, model.bin
    answers                                  EM and F1 on the articles that were held out
    manifest                                 model.json

The hyperparameters are in `plan`.
"""
