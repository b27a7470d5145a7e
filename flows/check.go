package flows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Check reads the whole manual for mistakes that a customer would meet as a
// dead end, and returns one sentence for each. A flow with faults must not
// start. Released lists the states of earlier releases: each must still exist,
// or be in Moved, because a conversation may be parked there. Widest is how
// many bytes the narrowest channel can carry in one text.
func (f *Flow) Check(released []State, widest int) []string {
	k := &checker{flow: f, steps: map[State]Step{}, widest: widest}
	k.index()
	k.targets()
	k.reachable()
	k.endings()
	for _, c := range f.Chapters {
		for _, s := range c.Steps {
			k.words(s)
			k.rows(s)
			k.readers(s)
			k.clocks(s)
			k.reports(s)
		}
	}
	k.faq()
	k.agreements()
	for _, at := range released {
		if _, ok := k.steps[at]; !ok && k.steps[f.Moved[at]].At == "" {
			k.fault("%s was released, is gone, and is not in Moved", at)
		}
	}
	return k.faults
}

type checker struct {
	flow   *Flow
	steps  map[State]Step
	widest int
	faults []string
}

func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Sprintf(format, args...))
}

// index is refusal 1: a state declared twice, a start that does not exist.
func (k *checker) index() {
	for _, c := range k.flow.Chapters {
		for _, s := range c.Steps {
			if _, twice := k.steps[s.At]; twice {
				k.fault("%s is declared twice", s.At)
			}
			k.steps[s.At] = s
		}
	}
	if _, ok := k.steps[k.flow.Start]; !ok {
		k.fault("the start %s does not exist", k.flow.Start)
	}
}

// targets is refusal 1 for exits: a target that does not exist.
func (k *checker) targets() {
	seek := func(from string, to State) {
		if _, ok := k.steps[to]; !ok && to != Stay && to != Again && to != Return {
			k.fault("%s leads to %s, which does not exist", from, to)
		}
	}
	for at, s := range k.steps {
		for _, x := range slices.Concat(s.Exits, s.Past) {
			seek(string(at), x.To)
		}
		if s.Back != "" {
			seek(string(at)+" back", s.Back)
		}
	}
	for _, x := range k.flow.Whenever {
		seek("whenever", x.To)
	}
	for _, r := range k.flow.Resumes {
		seek("resuming "+r.Name, r.To)
	}
}

// reachable is refusal 2. Whenever and Resumes count: they are ways in.
func (k *checker) reachable() {
	seen := map[State]bool{}
	var visit func(State)
	visit = func(at State) {
		s, ok := k.steps[at]
		if !ok || seen[at] {
			return
		}
		seen[at] = true
		for _, x := range s.Exits {
			visit(x.To)
		}
	}
	visit(k.flow.Start)
	for _, x := range k.flow.Whenever {
		visit(x.To)
	}
	for at := range k.steps {
		if !seen[at] {
			k.fault("%s cannot be reached from %s", at, k.flow.Start)
		}
	}
}

// endings is refusal 3: from each step some end can be reached through its own
// exits. The words understood anywhere do not count, or they would hide each
// trap; a detour returns, which does.
func (k *checker) endings() {
	good := map[State]bool{Return: true}
	for at, s := range k.steps {
		if s.End {
			good[at] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for at, s := range k.steps {
			for _, x := range s.Exits {
				if good[x.To] && !good[at] {
					good[at], grown = true, true
				}
			}
		}
	}
	for at := range k.steps {
		if !good[at] {
			k.fault("from %s no end can be reached", at)
		}
	}
}

var place = regexp.MustCompile(`\{([^}]*)\}`)

// words is refusals 4 and 10: a step without Ask or Help, a placeholder that
// names no answer, a text that no channel can carry whole.
func (k *checker) words(s Step) {
	if s.Ask == "" || s.Help == "" {
		k.fault("%s has no Ask or no Help", s.At)
	}
	if s.Title == "" || s.Turn.Who == "" || s.Turn.Takes == "" {
		k.fault("%s does not say where it is, whose turn it is and how long that takes", s.At)
	}
	texts := []string{s.Ask, s.Help, s.Title}
	tells := false
	for _, x := range s.Exits {
		tells = tells || x.Tells != ""
		texts = append(texts, x.Tells)
		for _, a := range x.Do {
			texts = append(texts, a.Says)
		}
	}
	if tells != strings.Contains(s.Ask, choicesPlace) {
		k.fault("%s tells of its choices without a place for that, or the reverse", s.At)
	}
	for _, text := range texts {
		if len(text) > k.widest {
			k.fault("%s has a text of %d bytes, over %d", s.At, len(text), k.widest)
		}
		if !utf8.ValidString(text) {
			k.fault("%s has a text that is not UTF-8", s.At)
		}
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			if _, ok := k.flow.known(m[1]); !ok && !known[Key(m[1])] && m[0] != choicesPlace {
				k.fault("%s speaks of {%s}, which is no answer of the form", s.At, m[1])
			}
		}
	}
}

// rows is refusal 5: a row that an earlier row without a guard always takes.
func (k *checker) rows(s Step) {
	for i, x := range s.Exits {
		for _, earlier := range s.Exits[:i] {
			if earlier.If == nil && earlier.On.covers(x.On) {
				k.fault("%s: the row %s can never be taken", s.At, x.caption())
			}
		}
	}
}

func (t Trigger) covers(other Trigger) bool {
	return t.pick == other.pick && t.got == other.got && t.read == other.read && (t.after > 0) == (other.after > 0)
}

// readers is refusal 6: something to read and no row for it, or the reverse; a
// page that is not named after its step; a field nobody can read.
func (k *checker) readers(s Step) {
	answered := false
	for _, x := range s.Exits {
		answered = answered || x.On.read
	}
	if answered != (s.Read != nil || s.Page != nil) {
		k.fault("%s has a reader or a page without a row for the answer, or the reverse", s.At)
	}
	if s.Page == nil {
		return
	}
	if s.Page.ID != PageID(s.At) {
		k.fault("the page of %s is called %s", s.At, s.Page.ID)
	}
	for _, field := range s.Page.Fields {
		if field.Read == nil && field.Same == "" && field.Input != InputFixed {
			k.fault("%s: nothing reads the field %s", s.At, field.Key)
		}
		if !known[field.Key] {
			k.fault("%s: the field %s is no answer of the form", s.At, field.Key)
		}
	}
}

// clocks is refusal 7: a step that waits for the world without a clock is a
// lost customer, and so is a detour without one: it stopped the clock of the
// step it left.
func (k *checker) clocks(s Step) {
	waits, clock := false, false
	for _, x := range s.Exits {
		waits = waits || x.On.got != ""
		clock = clock || x.On.after > 0
	}
	if waits && !clock {
		k.fault("%s waits for the world without a clock", s.At)
	}
	if s.detour() && !clock {
		k.fault("%s stops the clock of the step it left and has none", s.At)
	}
}

// agreements refuses a version that is no day: they are told apart by age.
func (k *checker) agreements() {
	for _, doc := range Agreements() {
		if _, err := time.Parse(time.DateOnly, doc.Version); err != nil {
			k.fault("the version of %s is no day", doc.ID)
		}
	}
}

// faq is the refusals of the FAQ: a topic that is there twice, cannot be asked,
// answers nothing or too much, speaks of somebody's own answers, rests on no
// line of the manual, or is not found by the name that customers are told.
func (k *checker) faq() {
	if k.flow.FAQ == nil {
		return
	}
	seen := map[string]bool{}
	for _, topic := range k.flow.FAQ.Topics {
		if seen[topic.ID] {
			k.fault("the topic %s is there twice", topic.ID)
		}
		seen[topic.ID] = true
		if len(topic.Asked) == 0 || topic.Answer == "" {
			k.fault("the topic %s has no question or no answer", topic.ID)
			continue
		}
		for _, m := range place.FindAllStringSubmatch(topic.Answer, -1) {
			if _, ok := k.flow.known(m[1]); !ok {
				k.fault("the topic %s speaks of {%s}, which is not the same for everybody", topic.ID, m[1])
			}
		}
		for _, n := range topic.Lines {
			if n < 1 || n > len(manualLines) {
				k.fault("the topic %s rests on M%d, which is no line of the manual", topic.ID, n)
				return
			}
		}
		if n := len(k.flow.answer(topic)); n > k.widest {
			k.fault("the topic %s has an answer of %d bytes, over %d", topic.ID, n, k.widest)
		}
		if found := k.flow.FAQ.Find(topic.Asked[0]); !found.Sure || found.Topics[0].ID != topic.ID {
			k.fault("the topic %s is not found by its own name", topic.ID)
		}
	}
}

// reports is refusal 8: an action whose reports the next step does not
// expect, and a report that no Whenever row catches when it comes late.
func (k *checker) reports(s Step) {
	k.expects(s, s.Do)
	for _, x := range s.Exits {
		next, ok := k.steps[x.To]
		if x.To == Stay || x.To == Again {
			next, ok = s, true
		}
		if ok {
			k.expects(next, x.Do)
		}
	}
}

func (k *checker) expects(s Step, actions []Action) {
	for _, a := range actions {
		for _, kind := range a.Reports {
			if !rowFor(k.flow.Whenever, kind) {
				k.fault("nothing catches a late report %s", kind)
			}
		}
		if len(a.Reports) > 0 && !k.expectsAny(s, a) {
			k.fault("%s does not expect what %q reports: %s", s.At, a.Name, kinds(a.Reports))
		}
	}
}

// expectsAny asks for one row only: a call for help is answered by the desk,
// and Whenever catches the rest.
func (k *checker) expectsAny(s Step, a Action) bool {
	if len(a.Reports) == 1 && a.Reports[0] == KindAgentCalled {
		return true
	}
	for _, kind := range a.Reports {
		if !rowFor(s.Exits, kind) && !rowFor(k.flow.Whenever, kind) {
			return false
		}
	}
	return rowFor(s.Exits, a.Reports[0])
}

func rowFor(rows []Exit, kind Kind) bool {
	for _, x := range rows {
		if x.On.got == kind {
			return true
		}
	}
	return false
}

func kinds(list []Kind) string {
	var names []string
	for _, kind := range list {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// known are the keys that a text may speak of and a page may ask for.
var known = map[Key]bool{}

func init() {
	for _, key := range []Key{
		KeyKind, KeyManual, KeyScene, KeyLogin, KeyMobile, KeyCode, KeyNewMobile, KeyOldMobile, KeyWord, KeyAloud, KeyJoin, KeyJoinUntil, KeyJoinTo, KeyJoinWhose, KeyCodes, KeyRiddle, KeyFactor, KeyPaper, KeyPaperNumber, KeyPapers, KeyOrgNumber, KeyBankCard, KeyPassword, KeyPassword2, KeyOrgName, KeyOrgName2, KeyTerms, KeyDuty,
		KeyName, KeyIDNumber, KeyConsent, KeyCreditCode, KeyOrgKind, KeyRules, KeyService, KeyTitle, KeyTaxNumber, KeyBank, KeyBankAccount,
		KeyOrgAddress, KeyOrgPhone, KeyRecipient, KeyProvince, KeyCity, KeyDistrict, KeyDetail, KeyLandline, KeyToMobile,
		KeyRegistered, KeyPersonProved, KeyCompanyProved, KeyWhy, KeyFaceURL, KeyFaceUntil, KeyPayeeUntil, KeyPayUntil, KeyTicketUntil,
		KeyPayeeName, KeyPayeeAccount,
		KeyPayeeBank, KeyProofAccount, KeyProofBank, KeyProofProvince, KeyProofCity, KeyProofBranch, KeyProofCode, KeyBranchSaid, KeyBranchWords, KeyAmount, KeyPayoutTail, KeyAmountUntil, KeyAmountTries,
		KeyMethod, KeyAskedKind, KeyAskedLegal, KeyAskedAlipay, KeyAskedBank, KeyTried, KeyPlan, KeySecond, KeyNeeds, KeyBetter, KeyGrantURL, KeyGrantUntil, KeyOrderNo, KeyKeyFee, KeyCourierFee, KeyTotal, KeyPayQR, KeyTrade, KeyShips, KeyWaybill, KeyWhere,
		KeyTicket, KeyKeyStep, KeySerial, KeyBefore, KeyDropped, KeyPictures,
	} {
		known[key] = true
	}
}
