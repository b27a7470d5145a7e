package flows

import (
	"hash/fnv"
	"strconv"
)

// 1.2.2 The check against programs (M10). Whoever writes to us is known to
// WeChat or Alipay already, so nobody is asked at first: only who has had several
// codes sent and has not registered, because a program that floods telephones
// does just that.

// RegisterHuman asks for what a program does not read.
const RegisterHuman State = "register.human"

// unchecked is how many codes are sent before somebody is asked.
const unchecked = 5

// riddles are the words to pick from.
var riddles = []string{"苹果", "香蕉", "葡萄", "西瓜"}

func humanStep() Step {
	step := Step{
		At:    RegisterHuman,
		Lines: []int{10},
		Title: "确认是您本人在操作",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "验证码已经发过几次了。为防止有人用程序乱发短信，请点一下“{riddle}”，就给您再发一次。",
		Help:  "在下面的几个词里点“{riddle}”，或者直接回复这个词。点错了没关系，可以再点。",
		Do:    []Action{askRiddle},
		Back:  RegisterAccount,
	}
	for _, word := range riddles {
		right := picks(word)
		step.Exits = append(step.Exits,
			Exit{On: Picked(word), If: both(right, company), Do: []Action{recount, sendRegisterCode}, To: RegisterCompany, Lines: []int{10}},
			Exit{On: Picked(word), If: right, Do: []Action{recount, sendRegisterCode}, To: RegisterPerson, Lines: []int{10}},
			Exit{On: Picked(word), Do: []Action{wrongRiddle}, To: RegisterHuman},
		)
	}
	return step
}

var (
	// Each question is another one, and no clock and no chance is in it.
	askRiddle = Action{Name: "choose a word", Effect: func(c Case) Effect {
		h := fnv.New32a()
		h.Write([]byte(c.Entry))
		return Save{Page: PageID(KeyRiddle), Form: Form{KeyRiddle: Conceal(riddles[h.Sum32()%uint32(len(riddles))])}}
	}}
	wrongRiddle = Action{Name: "tell that it was another word", Says: "不是这个词，再看一下："}
	countCode   = counting("count the code", func(n int) int { return n + 1 })
	recount     = counting("count from one again", func(int) int { return 1 })
	risky       = &Guard{"several codes were sent", func(c Case, _ Event) bool { return codesSent(c) >= unchecked }}
)

func counting(name string, next func(int) int) Action {
	return Action{Name: name, Effect: func(c Case) Effect {
		return Save{Page: PageID(KeyCodes), Form: Form{KeyCodes: Conceal(strconv.Itoa(next(codesSent(c))))}}
	}}
}

func codesSent(c Case) int {
	n, _ := strconv.Atoi(c.Form.Text(KeyCodes)) // none yet
	return n
}

func picks(word string) *Guard {
	return &Guard{"asked for " + word, func(c Case, _ Event) bool { return c.Form.Text(KeyRiddle) == word }}
}

// both holds when each of two guards does.
func both(a, b *Guard) *Guard {
	return &Guard{a.Name + ", " + b.Name, func(c Case, e Event) bool { return a.Holds(c, e) && b.Holds(c, e) }}
}
