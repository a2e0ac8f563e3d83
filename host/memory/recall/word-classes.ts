// General words and what belongs under them: who asks for countries means turns that name one. Left of the bar the words
// of a question that call for a class, right of it members of the class. A class never lifts a turn by more than one member.

const ROWS = `
country countries nation nations abroad european | england britain uk usa america canada mexico brazil argentina
  chile peru france spain portugal italy germany austria switzerland belgium netherlands holland denmark sweden
  norway finland iceland ireland scotland wales poland greece turkey russia ukraine egypt morocco kenya nigeria
  israel india china japan korea thailand vietnam indonesia bali philippines singapore malaysia australia
  zealand europe asia africa
city cities town towns location locations geographical place places travel travels states state | london paris
  rome madrid barcelona berlin amsterdam vienna prague dublin edinburgh lisbon venice milan florence athens
  istanbul moscow tokyo beijing shanghai seoul bangkok sydney york boston chicago seattle portland denver dallas
  houston austin miami atlanta philadelphia washington vegas angeles francisco diego california texas florida
  colorado oregon hawaii alaska vancouver toronto montreal mountain mountains beach island lake park coast
food foods dish dishes meal meals recipe recipes cuisine snack snacks cook cooked eat ate eating | chicken beef
  pork fish salmon shrimp pizza pasta spaghetti lasagna sushi taco tacos burger sandwich soup stew salad rice
  noodles bread toast egg eggs cheese cake pie pastry pastries muffin muffins cookie cookies chocolate cream
  dessert desserts fruit fruits apple banana strawberry strawberries vegetable vegetables potato potatoes
  roasted grilled curry barbecue breakfast lunch dinner
dessert desserts sweet sweets baked bake | cake pie pastry muffin cupcake cookie cookies chocolate ice cream
  tart pudding brownie
pet pets animal animals | dog dogs puppy cat cats kitten turtle turtles hamster rabbit bird parrot fish snake
  lizard horse
sport sports athletic game games activity activities outdoor exercise exercises | basketball football soccer
  baseball tennis golf hockey volleyball swimming running cycling skiing snowboarding surfing skating climbing
  hiking boxing kickboxing karate taekwondo judo yoga wrestling marathon kayaking fishing camping biking gym
martial | karate judo taekwondo kickboxing boxing aikido jiujitsu
instrument instruments | guitar piano violin drums flute cello trumpet saxophone clarinet ukulele bass
music musical musician band song songs artist | concert band song album guitar piano singer jazz rock pop
  classical festival
book books novel novels author read reading series | novel fantasy series author story library chapter
movie movies film films show shows | film trilogy series watched cinema director actor
family relatives relative member members sibling siblings parent parents | mother father sister brother son
  daughter wife husband aunt uncle cousin nephew niece grandmother grandfather grandparents kids
job jobs career occupation profession work | engineer teacher nurse doctor lawyer banker writer manager designer
  chef driver programmer internship company office business
health illness injury issue issues problem medical condition | doctor hospital pain injury sick disease surgery
  diagnosis allergic allergy weight diet stress knee heart stomach
emotion emotions feel feeling feelings felt | happy sad proud excited nervous anxious relief grateful stressed
  scared worried thrilled
hobby hobbies interest interests activity activities pastime | painting reading writing cooking baking gardening
  hiking gaming photography dancing knitting drawing fishing camping cycling yoga
car cars vehicle vehicles drive | toyota ford honda nissan mazda tesla bmw audi mercedes volkswagen truck van bus motorcycle bicycle
color colors colour | red blue green yellow purple orange pink black white brown gray
game games board video | nintendo playstation xbox console chess checkers cards dice puzzle monopoly scrabble poker
  strategy tournament
season seasons | spring summer autumn fall winter
nature outdoors natural | mountain forest beach lake river park trail sunset waterfall hike
drink drinks beverage | coffee tea wine beer juice water soda cocktail smoothie
art arts artwork creative | painting sculpture drawing pottery photograph watercolor canvas
charity charities volunteer volunteering volunteered donate cause causes community | shelter homeless fundraiser
  donation veterans food drive charity toy hospital
`;

export interface WordClass {
  /** Words that call for the class. */
  readonly names: readonly string[];
  readonly members: readonly string[];
}

const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

export const WORD_CLASSES: readonly WordClass[] = ROWS.trim()
  .split(/\n(?! )/)
  .map((row) => {
    const [names, members] = row.split("|") as [string, string];
    return { names: wordsOf(names), members: wordsOf(members) };
  });
