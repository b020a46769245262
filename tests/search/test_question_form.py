"""What counts as phrased as a question."""

import pytest

from wherein.search.question_form import is_question


@pytest.mark.parametrize(
    "text",
    [
        "Who signed it?",
        'Who said "no"?',
        "The lease was signed by?  ",
        "who may sign the lease",
        "How do I undo the last commit but keep my changes",
        "In which year did it burn",
        "is the archive open on Sundays",
        "Wer darf den Vertrag unterschreiben",
        "Bei welchem Spiel fiel das Tor",
        "À quelle heure part le train",
        "Кто подписал договор",
        "Dove si firma il contratto",
        "Quem assinou o contrato",
        "Vem skrev under avtalet",
        "Kto podpisał umowę",
        "Which",
        "谁签了合同？",
        "من وقع العقد؟",
    ],
)
def test_a_question(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?!",
        "lease signature",
        "Statins lower the risk of stroke.",
        "capital of Australia",
        "somehow what",
        "Der Vertrag",
        "chi square test",
        "come back",
        "合同",
        "E-1234",
    ],
)
def test_no_question(text: str) -> None:
    assert not is_question(text)
