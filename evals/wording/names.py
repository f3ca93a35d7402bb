"""Full names of people who do not exist, no two alike."""

import random
from collections.abc import Iterator

from evals.wording.pools import words

FIRST = words("""
    Abel, Adaeze, Ailsa, Aino, Amadou, Anselm, Anouk, Aria, Arvid, Asha, Astrid, Aurel, Beatriz,
    Benedek, Birgit, Branka, Caspian, Cedric, Chiara, Ciaran, Corisande, Dagny, Dalia, Damir,
    Delphine, Desmond, Dinara, Edda, Eilif, Elio, Emre, Enid, Esme, Ewa, Farid, Fenna, Fintan,
    Florin, Freya, Gaspard, Gudrun, Hakon, Hamid, Hedda, Hinata, Ilse, Imogen, Inigo, Iolanda,
    Isaura, Ivo, Jalila, Jasper, Joaquin, Jorunn, Kaito, Kamala, Kerem, Kirsi, Lazlo, Leocadia,
    Liv, Lorcan, Ludmila, Mairi, Malik, Marisol, Mateus, Mireille, Nadir, Nerys, Niamh, Nkechi,
    Odalys, Odran, Olena, Orsolya, Oskar, Pelagia, Petra, Quentin, Ragna, Ramiro, Renske, Rohan,
    Rosalba, Ruben, Sabela, Saoirse, Selma, Sorin, Svea, Tamsin, Tariq, Thandiwe, Tibor, Ulrika,
    Valdis, Vesna, Wanjiru, Wilhelmina, Xanthe, Yannick, Yara, Yusuf, Zdenka, Zeno, Zoltan
""")

_STEMS = words("""
    Alder, Bram, Brock, Cald, Corv, Dorn, Drav, Ebber, Fald, Fenn, Garr, Grav, Hald, Harr, Hoss,
    Ist, Jarr, Kast, Keld, Lamm, Lind, Lorr, Mald, Marr, Mord, Nald, Nev, Ost, Pell, Quill, Rav,
    Renn, Sald, Sorr, Stav, Tarr, Thorn, Ulv, Vald, Varr, Ver, Wend, Whit, Yarr, Zell, Zov
""")
_ENDINGS = words("""
    aby, adottir, agnon, ander, ansson, ardo, arello, arian, asco, atori, bury, by, efield,
    egaard, ekamp, elin, enko, eroy, escu, ester, etti, eveld, iani, ides, ington, ishvili, itz,
    oba, ola, omir, orin, oska, otte, ovic, oyama, ulu, umba, uyen, worth, wyn
""")


def full_names(seed: int) -> Iterator[str]:
    """Yields distinct names for ever; the first n do not depend on how many are taken.

    There are about 200,000 of them; asking for nearly all would take for ever.
    """
    rng = random.Random(f"lethe/names/{seed}")
    seen: set[str] = set()
    while True:
        name = f"{rng.choice(FIRST)} {rng.choice(_STEMS)}{rng.choice(_ENDINGS)}"
        if name not in seen:
            seen.add(name)
            yield name
