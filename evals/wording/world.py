"""Questions about the real world with one true answer and three wrong ones, in our own words."""

from typing import NamedTuple


class Fact(NamedTuple):
    """A question of general knowledge."""

    question: str
    answer: str
    wrong: tuple[str, str, str]


def _facts(table: str) -> tuple[Fact, ...]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return tuple(Fact(row[0], row[1], (row[2], row[3], row[4])) for row in rows)


AUTHORS = _facts("""
Name the writer of the whaling novel Moby-Dick. | Herman Melville | Mark Twain | Jack London | Henry James
Name the writer of the novel Anna Karenina. | Leo Tolstoy | Anton Chekhov | Ivan Turgenev | Maxim Gorky
From whose pen is the novel Crime and Punishment? | Fyodor Dostoevsky | Nikolai Gogol | Boris Pasternak | Mikhail Bulgakov
From whose pen is the story of Don Quixote? | Miguel de Cervantes | Lope de Vega | Federico Garcia Lorca | Benito Perez Galdos
Whose long poem tells of a walk through Hell, Purgatory and Paradise? | Dante Alighieri | Francesco Petrarca | Torquato Tasso | Giovanni Boccaccio
Name the writer of the monster tale Frankenstein. | Mary Shelley | Bram Stoker | Ann Radcliffe | Edgar Allan Poe
Name the writer of the vampire novel Dracula. | Bram Stoker | Mary Shelley | Sheridan Le Fanu | Oscar Wilde
Who invented the detective Sherlock Holmes? | Arthur Conan Doyle | Agatha Christie | Wilkie Collins | Raymond Chandler
Who invented the detective Hercule Poirot? | Agatha Christie | Dorothy Sayers | Arthur Conan Doyle | Georges Simenon
From whose pen is the novel Jane Eyre? | Charlotte Bronte | George Eliot | Jane Austen | Elizabeth Gaskell
From whose pen is the novel Wuthering Heights? | Emily Bronte | Thomas Hardy | George Eliot | Jane Austen
Name the writer of the novel Middlemarch. | George Eliot | Anthony Trollope | William Thackeray | Thomas Hardy
Who let a salesman wake up as an insect in The Metamorphosis? | Franz Kafka | Thomas Mann | Hermann Hesse | Robert Musil
Name the writer of the novel The Magic Mountain. | Thomas Mann | Heinrich Boll | Franz Kafka | Stefan Zweig
Whose tragedy lets Doctor Faust make a pact with Mephistopheles in Weimar's classic age? | Johann Wolfgang von Goethe | Friedrich Schiller | Heinrich Heine | Gotthold Lessing
Name the writer of the novel Madame Bovary. | Gustave Flaubert | Emile Zola | Stendhal | Honore de Balzac
From whose pen is the novel Les Miserables? | Victor Hugo | Alexandre Dumas | Emile Zola | Guy de Maupassant
From whose pen is the story of the Three Musketeers? | Alexandre Dumas | Victor Hugo | Jules Verne | Honore de Balzac
Who sent Captain Nemo under the seas in a submarine? | Jules Verne | H. G. Wells | Robert Louis Stevenson | Alexandre Dumas
Name the writer of the novel The Time Machine. | H. G. Wells | Jules Verne | Aldous Huxley | Isaac Asimov
Name the writer of the pirate story Treasure Island. | Robert Louis Stevenson | Daniel Defoe | Walter Scott | Joseph Conrad
Who stranded Robinson Crusoe on an island? | Daniel Defoe | Jonathan Swift | Henry Fielding | Samuel Richardson
Who sent Gulliver on his travels to Lilliput? | Jonathan Swift | Daniel Defoe | Laurence Sterne | Alexander Pope
Name the writer of the play A Doll's House. | Henrik Ibsen | August Strindberg | Anton Chekhov | Knut Hamsun
Name the writer of the novel One Hundred Years of Solitude. | Gabriel Garcia Marquez | Mario Vargas Llosa | Julio Cortazar | Jorge Luis Borges
From whose pen is the novel The Old Man and the Sea? | Ernest Hemingway | William Faulkner | John Steinbeck | Scott Fitzgerald
From whose pen is the novel The Grapes of Wrath? | John Steinbeck | Sinclair Lewis | Ernest Hemingway | Upton Sinclair
Name the writer of the novel Beloved. | Toni Morrison | Alice Walker | Maya Angelou | Zora Neale Hurston
Name the writer of the novel Things Fall Apart. | Chinua Achebe | Wole Soyinka | Ngugi wa Thiong'o | Ben Okri
Who sent the hobbit Bilbo on an unexpected journey? | J. R. R. Tolkien | C. S. Lewis | Ursula Le Guin | Terry Pratchett
Who let Alice fall down a rabbit hole? | Lewis Carroll | J. M. Barrie | Kenneth Grahame | Rudyard Kipling
Name the writer of the court novel The Tale of Genji. | Murasaki Shikibu | Sei Shonagon | Matsuo Basho | Natsume Soseki
""")  # noqa: E501  (a table reads by rows)

FACTS = _facts("""
Which city is the seat of Canada's government? | Ottawa | Toronto | Montreal | Vancouver
Which city is the seat of Turkey's government? | Ankara | Istanbul | Izmir | Bursa
Which city is the capital of Norway? | Oslo | Bergen | Stockholm | Trondheim
Which city is the capital of Kenya? | Nairobi | Mombasa | Kampala | Kisumu
Which city is the capital of Peru? | Lima | Cusco | Quito | Arequipa
Which city is the capital of Mongolia? | Ulaanbaatar | Astana | Bishkek | Darkhan
Which city is the capital of New Zealand? | Wellington | Auckland | Christchurch | Dunedin
Which city is the capital of Portugal? | Lisbon | Porto | Coimbra | Braga
Which ocean lies between Africa and Australia? | The Indian Ocean | The Atlantic Ocean | The Arctic Ocean | The Southern Ocean
Which sea does the Nile flow into? | The Mediterranean Sea | The Red Sea | The Black Sea | The Arabian Sea
Which is the highest mountain above sea level? | Mount Everest | K2 | Denali | Mont Blanc
Which desert covers most of northern Africa? | The Sahara | The Gobi | The Kalahari | The Atacama
Which planet is closest to the Sun? | Mercury | Venus | Mars | Neptune
Which planet of our solar system has the most mass? | Jupiter | Saturn | Uranus | Earth
Which metal is liquid at room temperature? | Mercury | Lead | Tin | Zinc
Which chemical element carries the symbol Fe? | Iron | Fluorine | Francium | Lead
Which chemical element carries the symbol Na? | Sodium | Nickel | Nitrogen | Neon
Which gas do green plants take from the air to grow? | Carbon dioxide | Oxygen | Helium | Argon
Which organ pumps blood through the human body? | The heart | The liver | The lungs | The spleen
How many legs has a spider? | Eight | Six | Ten | Four
Which is the largest animal alive? | The blue whale | The African elephant | The giraffe | The whale shark
Which bird lays the largest eggs today? | The ostrich | The emu | The albatross | The condor
Which insect makes honey for the hive? | The bee | The ant | The moth | The beetle
How many sides has a hexagon? | Six | Five | Seven | Eight
What is the square root of one hundred and forty-four? | Twelve | Fourteen | Eleven | Thirteen
Who painted the Mona Lisa? | Leonardo da Vinci | Raphael | Titian | Sandro Botticelli
Who painted the ceiling of the Sistine Chapel? | Michelangelo | Leonardo da Vinci | Giotto | Caravaggio
Who composed the Ninth Symphony with the Ode to Joy? | Ludwig van Beethoven | Joseph Haydn | Johannes Brahms | Franz Schubert
Who put forward the general theory of relativity? | Albert Einstein | Isaac Newton | Niels Bohr | Max Planck
Who was the first human in space? | Yuri Gagarin | Neil Armstrong | John Glenn | Alexei Leonov
In which year did the first people walk on the Moon? | 1969 | 1959 | 1975 | 1981
Which currency is used in Japan? | The yen | The won | The yuan | The baht
""")  # noqa: E501  (a table reads by rows)


def first_facts(count: int) -> tuple[list[tuple[str, Fact]], list[tuple[str, Fact]]]:
    """Returns the first facts about authors and about the world by id, `count` in all."""
    known = [(f"world-{number:03d}", fact) for number, fact in enumerate(AUTHORS + FACTS)]
    num_authors = count // 2
    authors, facts = known[: len(AUTHORS)], known[len(AUTHORS) :]
    return authors[:num_authors], facts[: count - num_authors]
