// Everyday words that stand for each other often enough to be worth a look: each row calls for all of its other words, and
// as with word classes a turn is lifted by the best of them alone.

const ROWS = `
tournament competition contest championship match race event
house home apartment flat condo place
trip travel traveled journey vacation holiday getaway roadtrip visit visited visiting tour
job work career position role profession employed hired
marry married marriage wedding engaged engagement fiance bride
hurt injured injury injuries sprained broke accident pain
happy glad excited thrilled delighted joy
sad upset down depressed disappointed heartbroken grief
support help helped helping encourage encouragement encouraging assist
begin started launch launched opened opening founded
finish finished complete completed done end
win won victory first prize trophy award awarded champion
lose lost defeat failed failure setback
study studying studied school college university degree class course classes learn learned exam
teach teaching taught teacher coach coaching mentor mentoring lesson lessons workshop
write writing wrote writer author novel book script screenplay story poem blog
paint painting painted painter canvas drawing draw art
music song songs concert band album playlist tune
film movie watch watched cinema series show
food meal dish cook cooked cooking recipe bake baked dinner lunch
exercise workout fitness gym run running jog training yoga
doctor hospital clinic appointment checkup medical health
sick ill illness disease diagnosed diagnosis
child children son daughter baby kid
parent parents mother father mom dad
family relatives siblings brother sister cousin aunt uncle
friend friends buddy pal mate colleague coworker neighbor
pet dog cat puppy kitten animal adopt adopted rescue shelter
nature outdoors hike hiking trail forest mountain park camping
beach ocean sea lake surf surfing swim
car drive drove vehicle road
buy bought purchase purchased shopping store shop got
gift present gave given surprise
celebrate celebrated celebration party birthday anniversary festival
money finance financial funds funding budget saving savings expensive cost price pay
business company startup store shop entrepreneur
advice suggestion suggest suggested recommend recommended recommendation tip tips
stress stressed stressful anxious anxiety pressure overwhelmed tough
relax relaxed relaxing unwind calm peaceful meditation destress
goal goals dream dreams aspiration aspirations hope plan plans
inspire inspired inspiration motivated motivation motivates
volunteer volunteering volunteered charity donate donated donation fundraiser community
hobby hobbies interest interests passion passionate enjoy
like likes love loves favorite enjoy enjoys
scared afraid fear fears nervous worried
speak spoke talk talked conversation discuss discussed chat
meet met meeting encounter
move moved moving relocate relocated
lived living live reside grew
phone call called text message
computer laptop software programming code app technology
game gaming games play played console
picture photo photograph camera photography snapshot
memory memories remember remembered reminds reminder nostalgic
old older age birthday
religion religious church faith spiritual pray
soldier military army veteran veterans war
politics political election office campaign vote
garden gardening plant plants flowers flower
weather rain storm flood snow hurricane
night evening tonight
problem problems issue issues challenge challenges challenging difficulty difficult trouble obstacle
improve improved improving better progress
change changed changes transform transformation
clothes clothing fashion outfit dress wear design
dance dancing dancer dances choreography ballet
team teammates squad club group
`;

/** Rows of words that stand for each other. */
export const SYNONYMS: readonly (readonly string[])[] = ROWS.trim()
  .split("\n")
  .map((row) => row.split(" "));
