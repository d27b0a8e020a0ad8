"""English words of nearly one meaning, and groups that mean the opposite, for the signs of bench `faithfulness`.

Written for this bench from general knowledge of English, after seeing the edits of about fifty rows of the tuning set;
no thesaurus was copied. A group is a line; `|` parts two groups of opposite meaning. A word may stand in several.
"""

from typing import Final

OPPOSED: Final = """
increase raise boost elevate heighten grow expand amplify escalate rise gain surge augment enlarge extend enhance \
climb | decrease reduce lower diminish cut shrink decline drop lessen curb minimise minimize fall dwindle weaken \
curtail limit shorten lose slash
improve enhance better upgrade strengthen refine advance enrich boost optimise optimize ameliorate progress | \
worsen degrade deteriorate impair weaken harm hurt damage undermine downgrade
remove eliminate delete eradicate erase discard drop exclude omit strip withdraw abolish | add insert include \
append attach introduce incorporate embed supplement
start begin commence launch initiate open kick-off found inaugurate undertake | stop end finish cease halt \
terminate close conclude discontinue quit complete
accept approve agree endorse embrace adopt welcome allow permit consent authorise authorize back support favour \
favor | reject refuse decline deny oppose dismiss disapprove forbid prohibit ban bar veto object resist
help assist aid support facilitate enable ease promote foster encourage advance further | hinder hamper impede \
obstruct prevent block discourage thwart inhibit stifle disrupt
create build construct make produce develop form generate design craft devise establish shape fashion assemble \
forge formulate compose | destroy demolish ruin dismantle wreck break eliminate tear
solve resolve address tackle fix settle handle remedy answer overcome mitigate | cause create worsen ignore \
aggravate provoke
show demonstrate display reveal exhibit present illustrate indicate prove highlight showcase expose depict evidence \
| hide conceal obscure mask suppress cover withhold
know understand grasp comprehend realise realize recognise recognize aware learn | ignore misunderstand unaware forget
easy simple straightforward effortless uncomplicated basic plain intuitive | hard difficult complex complicated \
challenging tough intricate demanding
big large huge great substantial considerable significant major vast sizeable extensive massive enormous | small \
little tiny minor slight minimal negligible trivial insignificant modest
good great excellent strong positive favourable favorable beneficial advantageous superior outstanding impressive | \
bad poor weak negative unfavourable unfavorable detrimental harmful inferior terrible adverse
new novel fresh recent modern innovative original latest current contemporary newest | old outdated ancient former \
traditional obsolete previous past conventional existing dated
fast quick rapid swift speedy prompt immediate expeditious | slow sluggish gradual delayed leisurely
important key crucial essential vital critical significant central main primary major fundamental core principal \
paramount pivotal | unimportant minor trivial secondary irrelevant peripheral marginal insignificant
expensive costly pricey high-priced steep dear high-cost | cheap affordable inexpensive low-cost economical budget
high elevated tall top upper maximum superior | low bottom lower minimum reduced inferior
many numerous several multiple various plenty countless multitude | few scarce rare limited handful
more additional further extra greater | less fewer reduced smaller
most majority largely mostly mainly primarily predominantly | least minority hardly barely
always constantly continually consistently invariably perpetually | never rarely seldom occasionally
certain sure definite confident convinced guaranteed assured | uncertain unsure doubtful unclear ambiguous hesitant \
sceptical skeptical
possible feasible viable achievable attainable potential | impossible unfeasible unattainable
like enjoy love appreciate favour prefer fancy | dislike hate loathe disapprove detest
interested keen eager enthusiastic curious intrigued excited | uninterested indifferent reluctant bored unwilling \
disinterested
happy pleased satisfied content delighted glad | unhappy dissatisfied sad disappointed upset frustrated displeased
secure safe protected guarded | insecure dangerous unsafe vulnerable risky exposed hazardous
public open shared communal | private closed confidential personal restricted secret
broad wide extensive comprehensive wide-ranging general overall | narrow limited specific restricted partial
include contain comprise encompass cover feature incorporate involve consist entail | exclude omit lack except
combine merge join unite integrate blend fuse unify converge mix consolidate pool | separate split divide isolate \
detach part disconnect
use utilise utilize employ apply exploit leverage adopt harness operate | avoid ignore abandon reject neglect
choose select pick opt elect decide prefer | reject refuse exclude avoid
give provide offer supply deliver grant present furnish hand donate contribute extend | take withhold deny receive \
deprive
send transmit dispatch forward deliver ship mail | receive get collect obtain
get obtain acquire receive gain secure attain procure earn | lose forfeit give relinquish
buy purchase acquire order procure | sell market vend
win succeed triumph prevail achieve | lose fail
keep retain maintain preserve hold sustain conserve continue save | discard lose abandon change drop remove
change alter modify adjust adapt revise amend transform shift vary convert | keep retain maintain preserve
allow let permit enable authorise authorize | prevent forbid prohibit block ban disallow restrict
require need demand necessitate mandate oblige call-for | waive exempt
mandatory compulsory required obligatory necessary | voluntary optional elective
agree concur consent accept | disagree dispute object differ
same identical equal similar alike equivalent comparable | different distinct dissimilar unlike varied diverse
common frequent usual typical widespread prevalent standard normal ordinary regular | rare uncommon unusual \
infrequent atypical abnormal exceptional
efficient effective productive capable powerful competent | inefficient ineffective unproductive incapable
optimal best ideal perfect finest | suboptimal worst poor flawed
suitable appropriate fitting proper apt adequate | unsuitable inappropriate improper inadequate
accurate precise exact correct right faithful | inaccurate imprecise wrong incorrect erroneous flawed
true real genuine actual authentic | false fake artificial bogus
strong robust powerful sturdy resilient solid durable | weak fragile frail brittle feeble
flexible adaptable adjustable versatile customizable customisable tailored personalised personalized bespoke custom \
| rigid fixed inflexible generic standard pre-set strict
automatic automated | manual hand-operated
before prior previously earlier preceding | after afterwards later subsequently following
early initial first preliminary | late final last
permanent lasting long-term enduring | temporary brief short-term provisional interim
long lengthy extended prolonged | short brief concise quick
internal inner inside in-house | external outer outside
local regional domestic | international global worldwide foreign national
full complete whole entire total thorough comprehensive | partial incomplete empty half
available accessible obtainable ready | unavailable inaccessible
active engaged busy | passive inactive idle
convenient handy | inconvenient awkward
supervised guided | unsupervised unguided
known familiar well-known famous recognised | unknown unfamiliar obscure
experienced skilled expert professional seasoned | inexperienced novice amateur unskilled
independent autonomous | dependent reliant
stable steady constant unchanging consistent fixed | unstable variable volatile changing fluctuating inconsistent
success achievement accomplishment | failure defeat
benefit advantage gain merit perk upside | drawback disadvantage harm cost downside
strength | weakness
problem issue difficulty challenge dilemma predicament trouble obstacle concern hurdle complication | solution \
remedy answer benefit
rise growth increase expansion uptick upturn | fall decline decrease drop reduction downturn
hire employ recruit appoint engage | fire dismiss lay-off
above over exceeding beyond | below under beneath
left | right
up upward | down downward
front forward | back backward rear
positive affirmative | negative
increase-in addition | subtraction
cooperate collaborate partner work-together team | compete rival oppose
cooperation collaboration partnership teamwork | competition rivalry conflict
transparent clear obvious evident apparent plain explicit | opaque unclear vague hidden obscure implicit
trust believe rely | distrust doubt suspect
reliable dependable trustworthy | unreliable undependable
satisfy fulfil fulfill meet | disappoint fail
attract draw lure entice | repel deter
motivate inspire drive encourage stimulate | demotivate discourage deter
reward incentive bonus discount | penalty fine punishment
free complimentary gratis no-cost | paid charged
confirm verify validate affirm corroborate ratify | deny refute contradict disprove
teach instruct train educate | learn study
continue proceed carry-on persist resume | stop quit cease pause suspend
unique distinctive special exclusive | common ordinary generic standard
"""
"""Pairs of groups."""

ALIKE: Final = """
say state mention note remark comment declare tell express voice assert claim announce argue opine indicate
suggest propose recommend advise advocate put-forward offer
discuss talk debate deliberate converse consult ponder contemplate review consider examine explore weigh
ask inquire enquire request query question
explain describe clarify detail outline elaborate illustrate depict elucidate
think believe feel consider reckon deem view regard suppose opine
decide determine resolve settle conclude choose
plan intend aim scheme arrange schedule organise organize prepare
try attempt seek endeavour endeavor strive aim
find discover identify detect locate uncover spot recognise recognize pinpoint notice observe
analyse analyze examine investigate study assess evaluate explore research inspect scrutinise scrutinize review model
result outcome finding consequence effect conclusion
method approach technique procedure way strategy process means manner fashion framework scheme mechanism
system framework platform structure architecture setup
model approach network framework representation
work function operate perform run
job task role duty responsibility assignment work position
meeting session conference discussion gathering call conversation appointment
customer client buyer shopper consumer patron user
company firm business organisation organization enterprise corporation
employee worker staff personnel team member colleague associate
boss manager supervisor leader head director
friend associate companion pal peer colleague
person individual human people
child kid youngster youth pupil
student pupil learner
group team crew committee panel set collection
price cost fee rate charge expense
money funds cash finance budget funding
product item good merchandise article
feature characteristic attribute property capability function aspect trait element
quality standard calibre caliber grade
part component element piece section segment portion
kind type sort category class form variety
place location site spot position venue
area region zone district field domain sector
time period moment duration
goal aim objective target purpose intention
idea concept notion thought
reason cause rationale motive ground basis
example instance case sample illustration
information data details facts knowledge
report document paper account record
answer reply response feedback respond
question query inquiry enquiry issue
plan proposal scheme strategy program programme
project undertaking initiative venture
need requirement necessity demand
ability capacity capability skill competence
effort attempt endeavour endeavor
performance efficiency effectiveness productivity achievement
speed pace velocity rate
size scale extent magnitude dimension
link connection relationship relation tie association bond interaction
difference distinction gap variation discrepancy
similarity resemblance likeness
level degree extent tier
amount quantity number volume sum
base found ground predicate rest rely build
infer deduce derive conclude
learn acquire master pick-up study
train teach coach prepare educate
test trial examine experiment evaluate assess check
measure gauge quantify assess evaluate
compare contrast
lead guide direct head steer
manage handle run oversee supervise administer control deal-with
assign delegate allocate allot appoint give
contact reach call get-in-touch
visit attend
watch observe monitor see view look
speak talk converse
show present display
happen occur take-place arise
stay remain continue
live reside dwell
go move travel proceed head
come arrive reach
bring carry convey take
buy purchase
pay spend
save conserve store
write compose author draft pen
read peruse
predict forecast anticipate foresee project expect
estimate approximate calculate gauge
generate produce create yield
achieve accomplish attain reach realise realize
focus concentrate center centre emphasise emphasize
emphasise emphasize stress highlight underline underscore
ensure guarantee assure make-sure
protect defend safeguard shield guard
control regulate govern manage manipulate
represent depict portray stand-for symbolise embody encode
extract derive obtain pull draw
encode represent embed
design devise develop layout plan engineer conceive
layout design arrangement
user customer person
technical technological
operational working functional
previous earlier prior past former
different various distinct diverse multiple varied
several multiple various numerous
also additionally moreover furthermore too besides
however nevertheless but yet
because since as due
about regarding concerning around approximately roughly
through via by using
like such-as including
main primary chief principal key central
overall general total
specific particular certain precise
special particular unique
real actual genuine
whole entire complete full
current present existing ongoing
future upcoming forthcoming
near close nearby adjacent
able capable
likely probable expected
necessary essential required needed vital
useful helpful valuable beneficial handy
interesting engaging intriguing fascinating compelling
beautiful attractive lovely pretty appealing
powerful strong potent
smart clever intelligent
careful cautious prudent
well-known famous renowned
environment surroundings setting context
issue matter topic subject problem
law legislation rule regulation statute
government administration authority state
policy strategy approach
minister secretary official
country nation state
money funding finance
school education
health wellbeing wellness medical
technology tech equipment
device gadget apparatus machine tool instrument
tool instrument device utility
software program application app
computer machine pc
image picture photo photograph visual
video film footage clip
sound audio noise voice
text writing words language
button key switch
screen display monitor
look appearance visual
website site page web
network net
email mail message
phone telephone mobile cellphone
car vehicle automobile
house home residence
room space chamber
market marketplace sector industry
service assistance support
help assistance aid support
offer deal proposal
discount reduction saving rebate
order purchase request
deal agreement contract arrangement
contract agreement deal
opportunity chance possibility prospect
risk danger threat hazard
loss damage harm
support backing assistance help
interest curiosity attention enthusiasm
concern worry anxiety
hope wish desire want
want wish desire seek
experience background expertise
team group staff squad
trend pattern tendency
approach method technique
algorithm procedure method
task job problem
dataset data corpus
training learning
accuracy precision
error mistake fault flaw
noise disturbance
input entry
output result
layer level
structure organisation organization architecture form
representation embedding encoding depiction
distribution spread allocation
space area domain
agent actor bot
environment world setting
state condition status
action act move
policy strategy
function operation mapping
gradient slope
classification categorisation categorization labelling
recognition detection identification
"""
"""Groups without an opposite."""
