"""The recipe of the default model: all-MiniLM-L6-v2 becomes symmetric INT8 OpenVINO IR.

Needed only to rebuild `embed/default`, never at run time:

    python -m embed.recipe --data SQUAD_TRAIN.json --evaluate SQUAD_DEV.json --output embed/default

    weights -> body -> convert -> quantize   model.xml, model.bin
    tokenizer                                tokenizer.json
    evaluate -> manifest                     model.json
"""
