"""Another province's register, as small as can be: a city without counties (4419)."""

from pathlib import Path

_HEADERS = {
    "divisions": "code,name,short_name,tier,kind,parent,official,mca_code,mca_code_system",
    "succession": (
        "old_code,old_name,tier,successor_code,successor_name,kind,edition,effective_after,"
        "effective_on,precision,reused,basis,note"
    ),
    "abolished": (
        "code,name,tier,kind,parent,official,last_edition,abolished_after,abolished_on,"
        "precision,reused"
    ),
    "former-names": "code,tier,old_name,new_name,edition,only_spelling,doubtful",
    "township-points": "code,name,longitude,latitude,source",
}

GUANGDONG = (
    "44,广东省,广东省,province,省,,1,,",
    "4419,东莞市,东莞市,prefecture,地级市,44,1,,",
    "441900003,东城街道,东城街道,township,街道,4419,1,,",
    "441900003001,岗贝社区居委会,岗贝社区,village,居委会,441900003,1,,",
)
RECODED = (
    *GUANGDONG[:3],
    "441900003002,岗贝社区居委会,岗贝社区,village,居委会,441900003,1,,",
)
STEP = (
    "441900003001,岗贝社区居委会,village,441900003002,岗贝社区居委会,recode,2024,2023-06-30,"
    "2024-06-30,edition,0,same full name,"
)
GONE = "441900003001,岗贝社区居委会,village,居委会,441900003,1,2023,2023-06-30,2024-06-30,edition,0"


def write_register(
    folder: Path,
    divisions: tuple[str, ...] = GUANGDONG,
    *,
    edition: int = 2023,
    succession: tuple[str, ...] = (),
    abolished: tuple[str, ...] = (),
    points: tuple[str, ...] = (),
) -> Path:
    """A register's files in `folder`, which is made when missing; answers the folder."""
    folder.mkdir(exist_ok=True)
    for name, rows in {
        f"divisions-{edition}": divisions,
        "succession": succession,
        "abolished": abolished,
        "former-names": (),
        "township-points": points,
    }.items():
        header = _HEADERS[name.partition("-2")[0]]
        (folder / f"{name}.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
    return folder
