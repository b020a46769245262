"""Files like those that the recipe is trained on."""

import json

from wherein.recipe import pairs


def context(article, number):
    return f"Context {number} of article {article}. The answer to {article} {number} stands in this sentence. End."


def write(folder, sentences=()):
    """Ten articles of nine contexts with three questions each, and some (id, question, sentence) of REQA."""
    articles = [
        {
            "title": f"title {article}",
            "paragraphs": [
                {
                    "context": context(article, number),
                    "qas": [{"question": f"Which {which} of {article} {number}?"} for which in ("one", "two", "three")],
                }
                for number in range(9)
            ],
        }
        for article in range(10)
    ]
    flan = [
        {"context": context(0, 0), "qas": [{"question": "which  ONE of 0 0?"}, {"question": "A new one?"}]},
        {"context": "A context of an article without a name.", "qas": [{"question": "Without a name?"}]},
    ]
    numbers, questions, answers = zip(*sentences, strict=True) if sentences else ((), (), ())
    reqa = {"question_ids": numbers, "questions": questions, "answers": answers}
    for name, content in ((pairs.SQUAD, {"data": articles}), (pairs.FLAN, flan), (pairs.REQA, reqa)):
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder
