# SPDX-License-Identifier: Apache-2.0
"""What people put around a command: "I was wondering if you could …, please". Taken off, the command itself is left.

Only words with which somebody asks *for* the thing; "did you …", "if it is safe …", "he told you to …" stay where they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voice_agent_ros.intent.lexicon import lexicon

_ROUNDS = 8
_KIND = r"(?:please|kindly|maybe|perhaps|possibly|just|now|also|then|quickly|simply|again|next|quick|actually|at all|real quick|first|once more|all) "
_YOU = r"(?:you|u|ya|y'all|the robot|robot)"
_COULD = r"(?:can|could|would|will|might|may|should)"
_GOOD = (
    r"(?:very |really |so |just |super |most |quite |absolutely )?(?:great|nice|good|lovely|kind|helpful|perfect|cool|wonderful|fantastic|brilliant|awesome|amazing|super|neat|ideal|excellent"
    r"|marvellous|marvelous|best|better|useful|handy|appreciated|much appreciated|fab|swell|grand|sweet|ok|okay|fine|alright|all right|splendid|terrific|convenient|smart|wise)"
)
_GLAD = (
    r"(?:very |really |so |most |much |quite |ever so |forever |eternally |extremely )*(?:glad|grateful|happy|thankful|delighted|obliged|pleased|appreciative|love it|like it|appreciate it|be thankful"
    r"|be grateful|be happy|be glad|be delighted|be obliged|be much obliged|be pleased)"
)
_I_WOULD = r"(?:i would|i'd|i will|i'll|we would|we'd|i)"
_CLEAR = (
    r"(?:(?:the |this |my |your |our )?(?:area|coast|workspace|work area|path|way|table|space|zone|room|hand)(?:'s| is| has been| looks) (?:all |now |completely |totally )?(?:clear|clear now|safe|free|empty|cleared)|(?:all|everything|everyone|everybody)(?:'s| is)? (?:all |now )?(?:clear|safe|good|fine|ok|okay|all right|alright|in order|set|away)"
    r"|(?:it's|it is|that's|we're|we are|i'm|i am|things are) (?:all |now |completely |perfectly )?(?:safe|fine|ok|okay|all right|alright|clear|good|ready|done|finished|set|out of the way)|(?:i'm|i am|my hands? (?:is|are)|my hand's) (?:out of the way|clear|away)|no (?:danger|problem|worries)|danger(?:'s| is)? over|false alarm)(?: now| again| to go| here)*"
)
_CALLS = (
    r"(?:hey|hi|hiya|hello|ok|okay|okey dokey|okie dokie|alright|all right|so|well|now|and|then|yes|yeah|yep|yup|sure|great|good|thanks|thank you|excuse me|pardon me|sorry|listen|listen up|come on|c'mon|oi|yo|ahem|attention"
    r"|please|pretty please|kindly|um+|uh+|er+m?|hm+|ah+|oh|alrighty|righto|rightio|cool|perfect|fine|good job|good work|well done|nice|nice one|nice work|morning|good morning|good afternoon|good evening|greetings|anyway|anyhow|basically|look here"
    r"|right then|now then|ok then|okay then|well then|so then|all good|got it|all set|all done|all finished|done|finished|that's (?:it|done|that|all|perfect|great|good|fine|right)|that'll do|that will do|that worked|looks good|very good|very nice|lovely|excellent|awesome|brilliant|wonderful|(?:the )?first thing|first things first|one thing|(?:the )?next thing|here we go|here goes|there we go|there you go|moving on|next(?! (?:time|week|month|year|day|morning|sunday|monday|tuesday|wednesday|thursday|friday|saturday)\b)|next up|first|firstly|first of all|first off|to begin with|to start with|for starters|finally|lastly|also|actually|in that case|in fact|you know what|you know|i say"
    r"|dear|my dear|my friend|friend|buddy|mate|pal|dude|man|bud|folks|sweetie|honey|love|darling|sir|madam|robot|mr robot|mister robot|little robot|dear robot|robbie|computer|machine|assistant|gripper bot|robo|bot|buddy boy|my good man|good robot|hey you|you there|hey there|hi there|hello there|hello robot"
    r"|i mean|i think|i guess|i suppose|i believe|i reckon|let me think|let's see now|see here|like|quick|quickly|hurry|hurry up|be quick|be careful|careful|carefully|gently|slowly|whenever you're ready|when you're ready|when you are ready|whenever you are ready|without further ado|as a next step|for the next step|for the next one|for your next task|for your next trick|as your next task|once again|one more thing|a small request|small favor|small favour|quick favor|quick favour|quick request|new task|next task|new command|command|task|next step|your task|instruction|request|order|to do|if possible|if you please|if you don't mind|if you can|if you could|if you would|if you wouldn't mind|if it's not too much trouble|if it isn't too much trouble|if it's no trouble|if that's ok|if that's okay|if that's alright|if that's all right|for me|at this point|this time|at this time|that's it|there we go|here we go|off we go|as soon as you can|as quickly as you can|time's up|at your earliest convenience|when you get a chance|when you get the chance|when you have a moment|when you have a second|when you get a moment|when you get a second|when you have a minute|when you get a minute|when you've got a moment|when you've got a second|when you have time|when you've got time|whenever you get a chance|whenever you can|when you can|by the way|go on|go on then|ready|chop chop|let's go|be a good robot|please now|now please|right now)"
)
_FRAMES = (
    # asked of "you"
    rf"(?P<ask>{_COULD} {_YOU}(?! like\b| mind\b| want\b| prefer\b| rather\b| have \w+ed\b| be (?!so kind|kind|good|able|willing|a dear|a darling|an angel|a sport|a love|so good|a doll|a pal))(?: {_KIND[:-1]})*"
    r"(?: be (?:so kind|so good|kind enough|good enough|able|willing|nice enough|a dear|a darling|a sport|an angel|a love|a doll|a pal)(?: as)?(?: to| and)?| try to| try and| manage to| go ahead and| go and| help me(?: to)?| help me out and| help us(?: to)?| do me a favou?r and| do me a favou?r| get to| come and| proceed to| please| kindly| just| see if you can| make sure (?:to|that you|you)| have a go at| help(?: to)?)?)",
    rf"(?P<ask2>(?:do you think|you think|do you reckon|you reckon|do you suppose|do you believe|think|reckon|is there any chance|is there a chance|any chance|is there any possibility|is there any way|any way|would it be ok if|would it be okay if|would it be possible if)(?: that)? (?:you|u|i could get you to|i can get you to|we could get you to|you'd)(?: {_COULD}| might be able to| would be able to| be able to| can| could| could maybe| could possibly| could please)?)",
    r"(?P<ask3>(?:can|could|may|might) (?:i|we) (?:please )?(?:trouble|ask|get|bother|have|request|see|persuade|convince|beg|invite) (?:you|the arm|the robot)(?: please)?(?: to)?(?= (?!for\b|about\b|a\b|why|what|where|how|if|whether|when|who))|would it be (?:possible|ok|okay|alright|all right|fine|too much trouble|too much to ask|feasible)(?: for you)? to)",
    r"(?P<ask4>why don't (?:you|we)(?: try to| just| please| go ahead and)?)",
    r"(?P<ger>(?:(?:would|do|will) you )?mind(?=(?: please| just)? \w+ing\b)|(?:how|what) about(?: you)?(?: try| just| we)?(?= \w)|(?:could|can|would) (?:you|we) (?:try|consider|start by|begin by|start with|help me with|help me by|help with)(?= \w+ing\b)|(?:try|start by|begin by|start with|begin with|consider|start|begin|get on with|go about|proceed with|commence|what i need is you|what i want is you)(?= \w+ing\b)"
    r"|let's (?:try|start by|begin by|start|begin|start with|get)(?= \w+ing\b)|i(?: would|'d) (?:really )?(?:appreciate|suggest|recommend|propose|love|like|prefer|be grateful for)(?: you| your)?(?= \w+ing\b)|(?:any|is there any) chance of(?: you)?(?= \w+ing\b)|do me the favou?r of(?= \w+ing\b)|your (?:next )?(?:job|task) is(?= \w+ing\b)|help me(?= \w+ing\b)|(?:have|take) (?:a go|a try|a shot|a crack|a stab) at(?= \w+ing\b)|i want you(?= \w+ing\b)|be so kind as(?= \w+ing\b)|thank you for(?= \w+ing\b)|thanks for(?= \w+ing\b)|you should try(?= \w+ing\b)|(?:what|how) do you say (?:to|about)(?= \w+ing\b))",
    # wishes about "you"
    rf"(?P<wish>(?:i(?: would|'d|'ll| will)?|we(?: would|'d|'ll| will)?|i'm|i am|i was|we are|we're)(?: really| very much| kind of| just| only| actually| also| now| then| still| hereby| going| gonna| to| simply| so)*"
    rf" (?:like to see|love to see|want to see|need to see|like|love|want|need|prefer|ask|asking|request|requesting|require|expect|wish|hope|hoping|order|command|instruct|tell|telling|beg|be hoping|wanting|needing|have|get|urge|invite)(?: that| for| it if| is for)? (?:you|the robot)(?: please| kindly| just| now)?(?: (?:to(?: please| go ahead and| try and| just| now| be so kind as to)?|{_COULD}))?(?= \w))",
    rf"(?P<wish2>(?:i was wondering|i wonder|i am wondering|i'm wondering|just wondering|wondering|i was just wondering|we were wondering)(?: if| whether) (?:you|we|i)(?: {_COULD}| might be able to| would be able to| could possibly| would mind| could get you to| can get you to| might)?)",
    rf"(?P<wish3>{_I_WOULD}(?: be)? {_GLAD}(?: if| were| that)? (?:you|we)(?: {_COULD}|'d| were to)?|(?:i'd|i would|i'll|i) (?:really |very much |greatly |truly |much )?(?:appreciate|like|love|prefer|value|welcome)(?: it)?(?: very much| a lot| greatly)? if (?:you|we)(?: {_COULD}| were to|'d)?)",
    rf"(?P<good>(?:(?:it|that|this)(?: would|'d| might| will|'ll|'s| is)(?: also| really)?(?: be)? (?:{_GOOD}|a (?:great |big |huge |real )?(?:help|favou?r|pleasure)|of (?:great )?help|my pleasure|help(?: me| us)?(?: out)?(?: a lot| greatly| a great deal| so much)?|mean a lot(?: to me)?|please me|make (?:me (?:very |so )?happy|my day|my life easier))|you(?: would|'d) (?:make me (?:very |so )?happy|do me a (?:big |great |huge )?favou?r|help me (?:a lot )?|be (?:a (?:great |big )?help|doing me a favou?r)|make my day)|be (?:great|nice|good))(?: for (?:me|us|you))? (?:if|when|to have|to get|were) (?:you|we)(?: {_COULD}|'d| were to| to)?)",
    r"(?P<good2>(?:(?:it|that|this)(?: would|'d| might)(?: also| really)?(?: be)? (?:great|nice|good|lovely|best|better|wise|ideal|cool|wonderful|useful|helpful)) (?:for you )?to)",
    # of what is to be done
    r"(?P<due>(?:i think |i believe |i guess |i reckon |looks like |seems like |i'd say )?(?:it's|it is|now it's|now is|now's|here comes|it's about|it's high)?(?: the)? ?(?:right |good |high |about )?(?:time|moment)(?: now)?(?: for you| for us| for the robot)? to)",
    r"(?P<due2>(?:all )?(?:that )?(?:what )?(?:i|you|we)(?:'d| would|'ll)?(?: really| now| just)? (?:want|need|have|like|expect|am asking|would like|require)(?: you| from you| of you| right now| now| next| here)?(?: to do| done)?(?: now| next| right now| here| for me)? (?:is|would be|next is)(?: for you| you)?(?: to)?(?= \w))",
    r"(?P<due3>(?:and |so )?(?:your|the|our|my)(?: very)? (?:next |first |new |only |current |second |third |next little |one )?(?:job|task|mission|turn|order|orders|assignment|step|thing|goal|idea|plan|move|action|request|wish|instruction|command|objective|duty|wish|challenge)(?: now| here| today| next| for you| for today| to do| i have for you| i want you to do| i'd like you to do| i need you to do| you should do| you need to do| on the list| on your list| on our list)*(?: is| would be| will be)(?: now| simply| just)?(?: for you)?(?: to)?(?= \w))",
    r"(?P<due4>(?:you|u)(?:'ll| will)? (?:need to|have to|ought to|had better|better|might want to|may want to|might as well|want to|are to|may now|can now|should now|must now|may|can|should|could|must|might|gotta|got to|are allowed to|are welcome to|are supposed to|are meant to|are asked to|are requested to|are free to(?! move)|are kindly asked to|are hereby ordered to|would do well to)(?! have\b)(?! move(?: again| now)*$)(?: please| now| just| also| then| maybe| probably| go ahead and| try to| try and| first| next| all)*|you'd better|you'd best|you've got to|we've got to|you're to|you're supposed to|you're meant to|you're welcome to|you're allowed to|you are to)(?= \w)",
    r"(?P<lets>(?:let's|lets|let us)(?! go of\b)(?: (?:please|just|now|have you|get you to|get you|have the robot|see you|see if you can|see whether you can|go ahead and|try to|try and|first|quickly|get to|get on and|next|go and|also|then|all|make you|have a go and|do this|go for it and|move on and|move on to))*|let me (?:see you|have you|get you to|ask you to|tell you to|request you to)|(?:i think|i believe|i guess|i reckon|i suppose|i say|i'd say|i suggest|i propose|i recommend|i advise|i request|i ask|i'd suggest|i would suggest|i'd recommend|i insist|i vote|i demand|i require)(?: that)? (?:you|we|it's time to|the robot)(?: should| could| can| ought to| might| had better| better| need to| must)?)",
    r"(?P<go>(?:reach|lean|head|come|go)(?: over| down| out| across| there| in| up)+ and(?= (?:pick|grab|take|get|lift|fetch|collect|snatch|scoop|put|drop|place)\b)|go ahead and|go ahead|go on and|go and|go(?= (?:get|grab|fetch|pick|take|collect)\b)|come and|try to|try and|do try to|feel free to|see if you can|see if you could|see to it that you|see whether you can|do me a (?:big |quick |small |huge |little )?favou?r(?: and| please)*|make sure (?:to|that you|you|that)|be sure to|be sure and|do (?:please )?(?!that\b|it\b|the\b|you\b|not\b|this\b|me\b|so\b|we\b|i\b|they\b|a\b|what|something|nothing|anything)(?=\w+)|proceed to|proceed and|start by|begin by|hurry up and|be quick and|quick and|be (?:a|an|so|very) (?:dear|darling|sport|angel|love|good (?:boy|girl|robot|fellow|lad)|kind|good|pal|mate|star|doll|sweetheart|champ)(?: as)?(?: and| to)|be so kind(?: as)? (?:to|and)|be kind enough to|off you (?:pop|go)(?: and| to)?|use your (?:gripper|hand|claw|arm|fingers|robot arm) to|use the (?:gripper|hand|claw|arm) to|with your (?:gripper|hand|claw|arm)|using your (?:gripper|hand|claw|arm)|please (?:try|help|do)? ?(?:to|and)?|help me(?: out)?(?: to| and)?|help (?:us )?(?:to|and)|get ready to|prepare to|attempt to|take a moment to|go for it and|move on and|now go and|stop what you're doing and|i order you to|i command you to|you're good to|you're ok to|you are good to|you are ok to|you're clear to|you are clear to|you're cleared to|you have permission to|you have my permission to|you are permitted to|would you please|execute|perform|carry out|the command is|command is|if you (?:could|would|can|will|might)(?: please| just| kindly| maybe| possibly| perhaps)*(?! have\b)|if i (?:could|can|might|may) (?:ask|get|have|trouble) you to|hoping you (?:could|can|will|would|might)|(?:just )?(?:need|want|like|require|expect) you to|would love (?:for )?you to|would like you to|i'd have you|time to|care to|fancy(?= \w+ing\b)|you know what to do)",
)
_FIRST = re.compile(
    rf"(?:{'|'.join(_FRAMES)}|(?P<call>(?:(?:robot arm|robotic arm|arm|robot hand|machine arm)(?= (?:please |can |could |would |will |you |kindly |just |now )*(?:pick|grab|take|get|lift|fetch|put|place|drop|open|close|shut|stack|let|release|nab|grasp|bring|move|go|raise|lower|return|come|head|set|scoop|collect|hold|stop|pause|describe|tell|list|what|which)\b))|(?:to (?=(?:pick|grab|take|open|close|move|go|put|place|raise|lower)\b))|{_CALLS}|{_CLEAR}|you(?= (?:pick|grab|take|open|close|shut|move|go|put|place|raise|lower|lift|return|release|drop|bring|get|stack|set|make|turn|do|lay)\b)))(?![\w'-]) ?"
)
_ASKING = (
    "ask",
    "ask2",
    "ask3",
    "ask4",
    "ger",
    "wish",
    "wish2",
    "wish3",
    "good",
    "good2",
    "due",
    "due2",
    "due3",
    "due4",
    "lets",
)
_LAST = re.compile(
    r"(?:^| )(?:(?:please|pretty please|kindly|now|right now|right away|straight away|immediately|at once|then|too|thanks|thank you|thank you very much|thank you so much|thank you kindly|thanks a lot|thanks a bunch|thanks so much|thanks in advance|many thanks|cheers|ta|much obliged|robot|little robot|okay|ok|alright|all right|yeah|yes|huh|eh"
    r"|for me|for us|for me please|(?:will|would|could|can|won't|can't) (?:you|ya|u)(?: please| do that| do that for me| do this| manage that| do it)?|if (?:you|u) (?:can|could|would|please|will|may|like|want|wish|don't mind|wouldn't mind|are able|are able to|would be so kind|would like|have time|have a moment|get a chance|get the chance|want to|be so kind|feel like it)(?: please)?|if you'd be so kind|if you'd like|if you don't mind(?: me asking)?|if possible|if at all possible|if it's possible|if that is possible|if that's possible|if (?:it|that)(?:'s| is) (?:ok|okay|alright|all right|fine|not too much trouble|no trouble|not a problem|no bother|convenient)(?: with you| for you| by you)?|if it isn't too much trouble|if it's not too much to ask|if it pleases you|if i may|if i may ask"
    r"|when(?:ever)? you(?:'re| are) (?:ready|able|good)|when(?:ever)? you (?:get|have|find) (?:a|the|some) (?:chance|moment|minute|second|sec|opportunity|time)|when(?:ever)? you(?:'ve| have) (?:got )?(?:a|the|some) (?:chance|moment|minute|second|sec|time)|when(?:ever)? you (?:can|like|want|have time)|as soon as (?:possible|you can)|as quickly as (?:possible|you can)|asap|sharpish|quick sharp|pronto|quick|quickly|fast|double quick|in your own time|at your earliest convenience|on the double|chop chop|hurry|hurry up|and be quick(?: about it)?|be quick"
    r"|(?:that|it|this)(?: would|'d) be (?:so |really |very |super )?(?:great|nice|good|lovely|kind|helpful|perfect|cool|wonderful|fantastic|brilliant|awesome|amazing|swell|grand|appreciated|much appreciated|ideal|super|excellent|kind of you|nice of you|very kind of you)|i(?: would|'d) (?:really |very much )?(?:appreciate it|appreciate that|be grateful|be glad|be thankful|be very grateful|be obliged)|much appreciated|i(?:'m| am) begging you|i beg you|i beg of you|for goodness sake|for heaven's sake|for crying out loud|is that (?:ok|okay|alright|possible|clear)|does that work|sound good|sounds good|got it|understood|are you able to do that|can you do that(?: for me)?|could you do that(?: for me)?|can you manage that|do you hear|do you hear me|you hear|you hear me|do you mind|would you mind"
    r"|there's a (?:good (?:robot|boy|girl|chap|lad|fellow)|dear|love|darling|pal|sport)|be a (?:dear|darling|love|sport|good robot)|good robot|good boy|good girl|buddy|mate|love|darling|dear|soldier|boy|girl|man|dude|pal|guys|sir|madam|my friend|friend|honey|sweetie|bro|champ|old chap|my dear|captain|boss|pet|sweetheart|fella|chief|my good man|partner|bud|folks|kiddo|robbie|little guy|little one|my little friend|robo|bot"
    r"|by the way|from now on|for now|here|today|in a jiffy|real quick|real fast|really quick|really quickly|i think|i guess|i suppose|i reckon|i believe|or something|or so|or whatever|and stuff|is what i (?:need|want|would like|'d like)|is what i'd like|is all i (?:need|want|ask)|so (?:that )?(?:we|i|you) can (?:begin|start|continue|get started|proceed|get going|move on|see|see it|see that|see better|reach it|get to it|get to work|finish|go on)|and that's it|that's all|that's it|and nothing else|that is all|will do|shall we|shall you|why don't you|just like that|nice and (?:easy|slow|slowly|careful|carefully|gentle|gently|steady)|easy does it|careful|carefully|gently|slowly|and take care|take care|mind you|be careful|and be careful|watch out|(?<=open |shut )sesame|so i can see|so i can see it|for the camera|for a start|to begin with|to start with|first|next|as well|as the next step|as a next step|as i asked|like i said|like i asked|like so|okie dokie|there you go|go on|go on then|come on|c'mon|go|at this point|at this time|this time|for a bit|for a moment|for a second|for a while|for a minute"
    r"|(?:and|but) (?:please )?(?:don't|do not|never) (?:drop|lose|squash|crush|break|damage|spill|dent|scratch) (?:it|that|the \w+(?: \w+)?)(?: please)?))$"
)
_INSIDE = re.compile(
    r"(?<!\w)(?:um+|uh+|er+m?|erm+|h+mm*|ah+|eh|please|kindly|(?<!do )(?<!did )(?<!what )(?<!if )(?<!as )(?<!that )you know(?! (?:what|how|if|who|why|that|when|where|which|whether|the|a|about)\b)|sort of|kind of|basically|literally|like(?= distance\d| a (?:bit|little|tad|touch)\b)|i guess|i suppose|if possible|if you please|pretty please|if you don't mind|if you wouldn't mind|like i said|let's say|shall we say|so to speak|as it were)(?![\w'])"
)


@dataclass(frozen=True)
class Request:
    """A sentence without what was put around it.

    Attributes:
        core: what is left, words without punctuation.
        is_asked: it was asked of somebody: "could you …", "I'd like you to …"; its form is no question then.
        gerunds: the frame wants "-ing": "would you mind …".
    """

    core: str
    is_asked: bool = False
    gerunds: bool = False


_STUTTER = re.compile(r"\b(?!(?:very|so|really|far|bye|no|wait|oh)\b)([a-z']{2,}(?: [a-z']+)?)(?: \1\b)+")
# "the bowl, could you raise it", "the gripper can you open it": asked of what is named first
_NAMED_FIRST = re.compile(
    rf"^(?P<thing>(?:the|that|this|your|my) (?:(?!(?:is|are|was|were|should|must|needs|has|who|man|woman|and|can|could|would|will)\b)[\w'-]+ ){{1,5}}?)(?:{_COULD} (?:you|we) (?:please |just |kindly |now |maybe )*|(?:i want you to|i need you to|i'd like you to|i would like you to|please|just|go ahead and) )(?=\w)"
)
# "could the red cube go in the bowl", "can the bowl be lifted"; but "could it be in the bowl" asks
_MAY_IT = re.compile(
    r"^(?:(?:can|could|may|might|would|will) )(?P<thing>(?:the|that|this|your|my) (?:(?!(?:you|and|is|are)\b)[\w'-]+ ){1,5}?)"
    r"(?:please |maybe |possibly |just )*(?P<rest>(?:go|come|move|get|be (?:\w+ed|put|set|taken|shut|brought|laid|held|lifted|sent|stuck|thrown|let)\b|be (?:open|closed|shut)$).*)$"
)
_WERE_SO = re.compile(
    rf"^(?:(?:it|that)(?: would|'d) be {_GOOD}(?: for (?:me|us))?|i(?: would|'d) (?:like|love|prefer|appreciate) it|i(?: would|'d) be {_GLAD}) if (?P<thing>(?:the|that|this|your) [\w ]+?) (?:was|were|is|would be|could be|got|ended up|went|sat|would go|could go|would sit)(?: put| placed| moved| sitting| resting)? (?P<rest>.+)$"
)


# "if you collected", "if you were to": of what is wished for now
_IF_YOU = re.compile(
    r"^(?P<before>.*\bif you )(?P<verb>[a-z]+ed|took|got|put|went|brought|came|gave)\b(?P<rest> .+)$"
)
_PRESENT = {
    "took": "take",
    "got": "get",
    "put": "put",
    "went": "go",
    "brought": "bring",
    "came": "come",
    "gave": "give",
}


def _present(verb: str) -> str:
    """ "collected" → "collect", "moved" → "move", "dropped" → "drop"."""
    if verb in _PRESENT:
        return _PRESENT[verb]
    known = lexicon("en").verbs
    stem = verb[:-2]
    for form in (verb[:-1], stem, stem[:-1], f"{stem[:-1]}y" if stem.endswith("i") else stem):
        if (form,) in known or (form, "up") in known:
            return form
    return verb


def without_frame(words: str) -> Request:
    """Take the frames off lower-case words without punctuation; something is always left of what had words."""
    asked = gerunds = False
    words = " ".join(_INSIDE.sub(" ", words).split()) or words
    words = _STUTTER.sub(r"\1", words)
    if so := _WERE_SO.match(words):
        words = f"i want {so['thing']} to be {so['rest']}"
    if (wish := _IF_YOU.match(words)) and _FIRST.match(f"{wish['before']}could "):
        words = f"{wish['before']}could {_present(wish['verb'])}{wish['rest']}"
    if may := _MAY_IT.match(words):
        words, asked = f"{may['thing']} should {may['rest']}", True
    if first := _NAMED_FIRST.match(words):
        asked = asked or "you" in first.group()[first.end("thing") :]
        words = f"{first['thing']}{words[first.end() :]}"
    for _ in range(_ROUNDS):
        match = _FIRST.match(words)
        if match is None or not match.group().strip() or match.end() >= len(words):
            break
        asked = asked or any(match[name] for name in _ASKING)
        gerunds = gerunds or bool(match["ger"])
        words = words[match.end() :]
    return Request(_without_end(words), asked, gerunds)


def _without_end(words: str) -> str:
    for _ in range(_ROUNDS):
        match = _LAST.search(words)
        if match is None or match.start() == 0:
            break
        words = words[: match.start()]
    return words


_REASON = {
    "en": re.compile(
        r"^(?:please |ok(?:ay)?,? |robot,? |um,? |right,? )*(?:(?:so that|so|in order to|to (?:make|get|give|free|clear|avoid|be|line|see|reach|prepare|keep|save|help|show|start|finish))\b(?! (?:you|could|can|would|the \w+ (?:is|was)\b))[^,.;?!]*|(?:just )?for (?:safety|now|a change|more room|more space|better access|the demo|the next step|clarity|calibration|good measure|better view)[^,.;?!]*"
        r"|(?:so|so that) (?:you|it|i|we|that) [^,.;?!]*|(?:you're|you are|it's|it is|that's|that is|(?:the|your) (?:arm|gripper|hand|tool|robot|claw)(?:'s| is)|we're) (?:still )?(?:a bit |a little |way |far |much |slightly )*too (?:low|high|close|far|near|tight|wide|open|loose)[^,.;?!]*|i (?:need|could use) (?:some |more |a bit more |a little )?(?:room|space|elbow room)[^,.;?!]*"
        r"|(?:(?:great|good|nice|perfect|super|excellent|lovely|brilliant|wonderful|well done|awesome)[,. ]+)*(?:now (?:that )?)?(?:you've|you have|you) (?:now |already |finally |just )*(?:got|grabbed|picked|done|finished|reached|arrived|put|placed|opened|closed|dropped|made|taken|lifted|moved)\b(?! (?:to|been|told)\b)[^,.;?!]*"
        r"|(?:that|this|it|everything)(?:'s| is| was| looks| worked| went)(?: all| very| really| so)? (?:well|great|good|fine|perfect|nice|done|in place|lovely|enough|it|finished|better)[^,.;?!]*"
        r"|(?:the )?\w+ (?:is|'s) in the way[^,.;?!]*|(?:it's|it is) in the way[^,.;?!]*|i'm (?:done|finished|ready)[^,.;?!]*|i am (?:done|finished|ready)[^,.;?!]*|we're (?:done|finished|ready)(?: here)?[^,.;?!]*)[,.;!] *(?:so |please |then |and )*(?=\w)"
    ),
    "zh": re.compile(
        r"^(?:请|嗯|好)?(?:(?:为了|方便|免得|以便|省得)[^，,。；;！!？?]*|(?:你|它|手|夹爪|机械臂|爪子|现在|还是|离得|离|这|位置|有点)*(?:太|过于|有点|有些)(?:低|高|近|远|紧|松|挤|靠前|靠后|靠左|靠右|开|大|小)了?[^，,。；;！!？?不没别]{0,3}|(?:没事|没问题|(?:已经|现在)?安全|(?:检查|确认|清理|收拾)(?:过|完|好)?|好|可以|搞定|准备好|人都?(?:走开|离开|让开)|都?(?:让开|清空|清好))了)[，,。；;！! ]+(?:所以|就|请|那)*(?=.)"
    ),
}


# "there's a red cube on the table, pick it up": only names it
_INTRODUCED = re.compile(
    r"^(?:ok(?:ay)?,? |so,? |um,? |robot,? )*(?:there's|there is|you see|i see|see|you can see|you'll see|do you see|can you see|you know|your target is|the target is|the object is|our target is|remember)(?= (?:a|an|the|that|this) [^,.;?!]{2,60}[,.;?!] ?\w)"
)


_REASON_AFTER = {
    "en": re.compile(
        r"[,.;!] *(?:because |since |as |cause |'cause )?(?:(?:it's|it is|that's|you're|you are|(?:the|your) (?:arm|gripper|hand|tool|claw|robot)(?:'s| is)) (?:still |just |now )*(?:a bit |a little |way |far |much |slightly )*(?:too (?:low|high|close|far|near|tight|wide|open|loose)|in (?:the|my|our|your) way)(?: \w+){0,3}|i (?:need|could use) (?:some |more |a bit more |a little )?(?:room|space)(?: \w+){0,3}|we(?:'re| are) (?:done|finished)(?: here)?)[.!]*$"
    ),
    "zh": re.compile(
        r"[，,。；; ]+(?:因为)?(?:你|它|手|夹爪|机械臂|爪子|现在|这|位置)*(?:太|有点|有些)(?:低|高|近|远|紧|松|挤|靠前|靠后|靠左|靠右)了?[。!！]*$"
    ),
}


_INTRODUCED_ZH = re.compile(
    r"^(?:你)?(?:看到|看见|有没有看到|瞧见)(?:那个|那块)?(?P<thing>[^，,。；!！?？]{1,10}?)(?:了吗|了没有|没有|吗|了)[，,。；?？ ]+(?=[把将拿抓捡夹请就帮麻])"
)


def without_reason(text: str, language: str) -> str:
    """A folded text without a reason before or after the command: "you're too low, go up 5 cm"."""
    text = _REASON_AFTER[language].sub("", text) or text
    text = (_INTRODUCED if language == "en" else _INTRODUCED_ZH).sub("", text).strip() or text
    for _ in range(3):
        shorter = _REASON[language].sub("", text, count=1)
        if shorter == text or not shorter.strip():
            break
        text = shorter
    return text
