"""The small words of languages in Latin letters."""

__all__ = ["SMALL_WORDS"]

SMALL_WORDS = {
    "en": "the of and to in is that it for was with as be this are on by not from",
    "de": "der die und das den von zu mit sich des ist im nicht ein dem eine auch auf für",
    "fr": "le la les des et est une dans que qui pour pas au par sur plus avec ce il",
    "es": "el los las del que en una por con para es se lo como más pero sus su al",
    "it": "il di che la per una sono con non del della nel gli anche più come dei alla si",
    "pt": "os que do da em um uma para com não por mais dos das como mas ao se foi",
    "nl": "het een van en de dat niet op te zijn met voor aan er ook als maar bij",
    "sv": "och att det som en på är av för med den till inte om ett har de jag var",
    "pl": "nie na się jest że do to jak ale po co tak za od jego tym przez czy",
    "cs": "je se na že to ve pro jako který která jsou byl byla jeho ale nebo také při podle mezi",
    "da": "og at er det en af til på med der den som ikke har var et blev fra efter mellem sig også",
    "no": "og at er det en av til på med som den ikke har var et ble fra etter mellom seg også",
    "fi": "ja on ei se että oli joka myös kuin hän ovat mutta sen ole tai kun vuonna sekä jotka",
    "hu": "az egy és hogy nem is meg ez volt vagy csak mint de ha már azt után között",
    "ro": "și în cu pe care este să nu din un mai sunt pentru fost prin sau dintre",
    "tr": "ve bir bu için ile da de olarak olan daha çok gibi en sonra kadar olduğu ancak tarafından",
    "ca": "els les amb per als és dels són aquest aquesta també més va pel i o com ha seva",
    "vi": "và của là trong được có một các cho với không những người này khi đã năm ở",
    "id": "yang dan di dari untuk dengan pada dalam ini adalah tidak oleh ke sebagai itu atau akan",
}
"""The most frequent small words of each language, separated by blanks."""
