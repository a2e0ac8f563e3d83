// What a stemmer by rules cannot know of English: irregular verbs and plurals, short and familiar forms, and a few
// everyday words for one thing. Each row is the word a term is made of, and the forms it stands for.

const ROWS = `
go: went gone
buy: bought purchase purchased
bring: brought
teach: taught
think: thought
catch: caught
feel: felt
keep: kept
leave: left
lose: lost
make: made
meet: met
pay: paid
run: ran
say: said
see: saw seen
sell: sold
send: sent
spend: spent
speak: spoke spoken
stand: stood
swim: swam swum
take: took taken
tell: told
understand: understood
win: won
wear: wore worn
write: wrote written
begin: began begun start started starting starts
break: broke broken
build: built
choose: chose chosen
come: came
draw: drew drawn
drink: drank drunk
drive: drove driven
eat: ate eaten
fall: fell fallen
fight: fought
find: found
fly: flew flown
forget: forgot forgotten
give: gave given
grow: grew grown
hear: heard
hold: held
hide: hid hidden
hang: hung
know: knew known
lead: led
learn: learnt
lend: lent
light: lit
mean: meant
ride: rode ridden
rise: rose risen
sing: sang sung
shake: shook shaken
shoot: shot
show: showed shown
sleep: slept
steal: stole stolen
strike: struck
swear: swore sworn
throw: threw thrown
wake: woke woken
become: became
child: children kid kids
man: men
woman: women
person: people
foot: feet
tooth: teeth
mouse: mice
wife: wives
life: lives
knife: knives
good: better best
mother: mom mum mommy mummy
father: dad daddy
grandmother: grandma granny
grandfather: grandpa
family: fam
husband: hubby
girlfriend: gf
boyfriend: bf
friend: buddy buddies pal
doctor: doc
dog: pup pups puppy puppies doggy doggies
cat: kitty kitten kittens
bicycle: bike bikes
photograph: photo photos pic pics picture pictures
film: movie movies
business: biz
television: tv
favorite: fave favourite
color: colour
university: uni
trip: vacation
work: job
exercise: gym workout
vegetable: veggies veg
refrigerator: fridge
phone: cellphone smartphone
car: auto automobile vehicle
hike: trek
1: one
2: two
3: three
4: four
5: five
6: six
7: seven
8: eight
9: nine
10: ten
`;

/** Form → the word it is a form of. */
export const WORD_FORMS: ReadonlyMap<string, string> = new Map(
  ROWS.trim()
    .split("\n")
    .flatMap((row) => {
      const [word, forms] = row.split(": ") as [string, string];
      return forms.split(" ").map((form): [string, string] => [form, word]);
    }),
);
