"""Build an answer model: MiniLM trained on SQuAD as an extractive reader, as symmetric INT8 OpenVINO IR.

    python -m wherein.recipe.reader --data SQUAD_TRAIN_FOLDER --evaluate SQUAD_DEV.json --output embed/reader

    examples -> rows -> network -> training   trained weights (in OUTPUT.work, from which a stopped run resumes)
    graph -> sharing                          model.xml, model.bin
    answers -> manifest                       model.json

The tokenizer and the word vectors are those of embed/default.

The hyperparameters are in `plan`.
"""
