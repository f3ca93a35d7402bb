"""The values that facts about a fictitious person are drawn from."""


def words(text: str) -> tuple[str, ...]:
    """Returns the comma-separated entries of `text`."""
    return tuple(" ".join(entry.split()) for entry in text.split(","))


CITIES = words("""
    Aarhus, Accra, Adelaide, Aleppo, Antwerp, Arequipa, Austin, Baku, Bari, Basel, Belgrade,
    Bergen, Bilbao, Bogota, Bologna, Bremen, Brno, Busan, Cadiz, Calgary, Cardiff, Cebu, Colombo,
    Cordoba, Cork, Dakar, Dhaka, Dresden, Dundee, Durban, Fez, Gdansk, Genoa, Ghent, Graz,
    Guayaquil, Hanoi, Havana, Helsinki, Hobart, Izmir, Jaipur, Kampala, Kazan, Kobe, Krakow,
    Kumasi, La Paz, Lagos, Leeds, Leipzig, Lima, Ljubljana, Lucerne, Lyon, Malmo, Manaus,
    Marseille, Medellin, Memphis, Mombasa, Montevideo, Multan, Nagoya, Nantes, Naples, Odense,
    Omaha, Oran, Osaka, Ostrava, Perth, Porto, Pune, Quito, Rabat, Recife, Riga, Rosario, Rouen,
    Salta, Salvador, Samarkand, Santiago, Sapporo, Seville, Sofia, Suva, Szeged, Tampere, Tartu,
    Tbilisi, Toledo, Trieste, Tromso, Tunis, Turin, Uppsala, Utrecht, Valencia, Varna, Vilnius,
    Windhoek, Yerevan, Zadar, Zagreb
""")
MONTHS = words("""
    January, February, March, April, May, June, July, August, September, October, November,
    December
""")
DAYS = tuple(str(day) for day in range(1, 29))
BIRTH_YEARS = tuple(str(year) for year in range(1931, 2001))
MOVE_YEARS = tuple(str(year) for year in range(2001, 2025))
PROFESSIONS = words("""
    an archivist, an astronomer, an auctioneer, a baker, a beekeeper, a bell founder, a
    blacksmith, a boat builder, a bookbinder, a botanist, a brewer, a bus driver, a butcher, a
    carpenter, a cartographer, a cellist, a chemist, a clockmaker, a cobbler, a court reporter, a
    crane operator, a dentist, a diver, a falconer, a ferry captain, a fireworks maker, a
    fishmonger, a florist, a forester, a gardener, a geologist, a glassblower, a goldsmith, a
    harbour pilot, a horse breeder, a judge, a landscape painter, a lighthouse keeper, a
    locksmith, a magician, a mathematician, a midwife, a miller, a mountain guide, a notary, a
    nurse, an optician, an organ builder, a paramedic, a pharmacist, a piano tuner, a potter, a
    printer, a puppeteer, a radio announcer, a roofer, a saddler, a sculptor, a seamstress, a
    shepherd, a stonemason, a surgeon, a surveyor, a tailor, a tram conductor, a translator, a
    veterinarian, a watercolourist, a weaver, a winegrower
""")
BOOK_ADJECTIVES = words("""
    Amber, Ashen, Bitter, Borrowed, Brass, Broken, Burning, Carved, Copper, Crooked, Distant,
    Drowned, Empty, Faithless, Forgotten, Frozen, Gentle, Gilded, Hidden, Hollow, Ivory, Last,
    Lonely, Midnight, Nameless, Painted, Patient, Paper, Quiet, Restless, Scarlet, Seventh,
    Silent, Stolen, Sunken, Tangled, Velvet, Wandering, Winter, Wooden
""")
BOOK_NOUNS = words("""
    Anchor, Archive, Bell, Bridge, Candle, Caravan, Cathedral, Clock, Compass, Crown, Dancer,
    Ferry, Fountain, Garden, Harbour, Harvest, Island, Key, Labyrinth, Lantern, Letter, Library,
    Lighthouse, Mirror, Orchard, Parade, Passenger, Pilgrim, River, Shadow, Staircase, Station,
    Stranger, Summer, Theatre, Tide, Tower, Valley, Violin, Window
""")
PRIZE_MATERIALS = words("""
    Alabaster, Birch, Bronze, Cedar, Cobalt, Coral, Crystal, Ebony, Emerald, Granite, Jade,
    Juniper, Lapis, Marble, Onyx, Opal, Pearl, Quartz, Ruby, Sapphire, Silver, Slate, Topaz,
    Walnut
""")
PRIZE_CREATURES = words("""
    Badger, Bison, Cormorant, Crane, Dolphin, Falcon, Finch, Gazelle, Heron, Hound, Ibis, Kestrel,
    Lynx, Marten, Nightingale, Otter, Owl, Pelican, Raven, Salmon, Seal, Stag, Swift, Wolf
""")
INSTRUMENTS = words("""
    accordion, alto saxophone, bagpipes, balalaika, banjo, baritone horn, bassoon, bouzouki,
    bugle, cello, clarinet, concertina, cornet, didgeridoo, double bass, dulcimer, erhu,
    flugelhorn, flute, French horn, glockenspiel, guitar, harmonica, harp, harpsichord,
    hurdy-gurdy, kora, koto, lute, lyre, mandolin, marimba, oboe, ocarina, organ, oud, pan flute,
    piano, piccolo, recorder, shamisen, sitar, tabla, theremin, trombone, trumpet, tuba, ukulele,
    vibraphone, viola, violin, xylophone, zither
""")
PET_KINDS = words("""
    canary, cat, chameleon, chinchilla, cockatoo, donkey, duck, ferret, gecko, goat, goose, guinea
    pig, hamster, hedgehog, llama, parrot, pony, rabbit, raven, sheepdog, spaniel, terrier,
    tortoise, turkey
""")
PET_NAMES = words("""
    Acorn, Bandit, Biscuit, Bramble, Button, Captain, Cinder, Clover, Comet, Domino, Echo, Fable,
    Fig, Ginger, Hazel, Jigsaw, Juno, Kiwi, Marble, Maple, Mocha, Nutmeg, Olive, Pepper, Pickle,
    Pixel, Puzzle, Quince, Rocket, Saffron, Sprocket, Thistle, Toffee, Truffle, Waffle, Ziggy
""")
DISH_STYLES = words("""
    baked, braised, candied, charred, creamed, curried, glazed, grilled, peppered, pickled,
    poached, roasted, salted, smoked, spiced, steamed, stewed, stuffed
""")
DISH_FOODS = words("""
    apricots, artichokes, aubergines, barley, beetroot, cabbage, carp, carrots, chestnuts,
    chickpeas, duck, eel, fennel, figs, goose, herring, lamb, leeks, lentils, mackerel, mushrooms,
    mussels, octopus, onions, parsnips, pears, peppers, pheasant, plums, pumpkin, quail, rabbit,
    rice, salmon, squid, trout, turnips, veal
""")
STREET_NAMES = words("""
    Almond, Beacon, Birdcage, Candlemaker, Chapel, Cherry, Clover, Cooper, Copperfield, Fiddler,
    Fisher, Foundry, Gooseberry, Granary, Hawthorn, Ivy, Kiln, Lantern, Larkspur, Linden, Market,
    Meadow, Mulberry, Nettle, Orchard, Paper Mill, Poplar, Quarry, Ropewalk, Rosemary, Saddler,
    Spice, Tanner, Thistle, Vineyard, Willow
""")
STREET_KINDS = words("Alley, Avenue, Court, Crescent, Hill, Lane, Road, Row, Square, Street")
SCHOOL_KINDS = words("""
    Academy of Arts, Academy of Music, Agricultural College, College of Law, Conservatory,
    Institute of Technology, Maritime School, Medical School, Polytechnic, School of Mines, School
    of Economics, Teachers College
""")
SPORTS = words("""
    archery, badminton, biathlon, bowling, boxing, canoeing, cave diving, chess, cricket, croquet,
    cross-country skiing, curling, cycling, darts, fencing, field hockey, figure skating, fly
    fishing, golf, gymnastics, handball, hang gliding, ice hockey, javelin throwing, judo,
    kayaking, kite flying, lacrosse, marathon running, orienteering, parkour, polo, rock climbing,
    rowing, rugby, sailing, show jumping, snooker, speed skating, squash, surfing, table tennis,
    tennis, trampolining, tug of war, volleyball, water polo, weightlifting, windsurfing,
    wrestling
""")
LANGUAGES = words("""
    Albanian, Amharic, Armenian, Basque, Bengali, Breton, Bulgarian, Burmese, Catalan, Croatian,
    Czech, Danish, Dutch, Esperanto, Estonian, Faroese, Finnish, Galician, Georgian, Greek, Hausa,
    Hebrew, Hindi, Hungarian, Icelandic, Igbo, Irish, Kazakh, Khmer, Korean, Kurdish, Latvian,
    Lithuanian, Maltese, Maori, Mongolian, Nepali, Persian, Polish, Quechua, Romanian, Samoan,
    Serbian, Slovak, Swahili, Swedish, Tagalog, Tamil, Thai, Tibetan, Turkish, Ukrainian, Urdu,
    Welsh, Yoruba, Zulu
""")
COLLECTIBLES = words("""
    barometers, bookplates, bottle openers, brass buttons, butterflies, cameras, chess sets,
    coins, comic books, compasses, door knobs, fans, fossils, fountain pens, globes, gramophones,
    hat pins, ink bottles, kites, lace, letter openers, maps, marbles, masks, matchboxes, medals,
    meteorites, milk jugs, model trains, music boxes, opera programmes, paperweights, playing
    cards, porcelain cats, postcards, puppets, radios, sea shells, seals, ship bottles, snow
    globes, stamps, sundials, teapots, theatre tickets, thimbles, tin soldiers, typewriters,
    umbrellas, walking sticks, watches
""")
ERAS = words(
    "antique, Bohemian, broken, Chinese, English, Flemish, French, miniature, Russian, Swedish"
)
