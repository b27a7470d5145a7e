package flows

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// heard is a line of testdata/faq: what somebody types, and the topic it asks
// about, if any.
type heard struct{ topic, text string }

func readHeard(t *testing.T, name string) []heard {
	t.Helper()
	text, err := os.ReadFile("testdata/faq/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []heard
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		topic, text, asked := strings.Cut(line, "\t")
		if !asked {
			topic, text = "", line
		}
		all = append(all, heard{topic, text})
	}
	return all
}

// tally is how many questions of a set were answered rightly or wrongly, got the
// right topic suggested, or were not understood.
type tally struct{ all, right, wrong, suggested, missed int }

func (f *FAQ) tally(t *testing.T, set []heard) (n tally) {
	for _, h := range set {
		found := f.Find(h.text)
		has := slices.ContainsFunc(found.Topics, func(topic Topic) bool { return topic.ID == h.topic })
		n.all++
		switch {
		case found.Sure && has:
			n.right++
		case found.Sure:
			n.wrong++
			t.Logf("%q asks about %s and is answered with %s", h.text, h.topic, found.Topics[0].ID)
		case has:
			n.suggested++
		default:
			n.missed++
		}
	}
	return n
}

// TestQuestionsAreFound measures how questions are answered: those that the
// words were chosen by, and those that they were not.
func TestQuestionsAreFound(t *testing.T) {
	for _, tt := range []struct {
		set                 string
		atLeast             int
		right, found, wrong float64 // floors, floors, and a ceiling
	}{
		{"questions", 60, 0.90, 0.95, 0.00},
		{"unseen", 60, 0.70, 0.78, 0.05},
	} {
		t.Run(tt.set, func(t *testing.T) {
			set := readHeard(t, tt.set)
			for _, h := range set {
				if !slices.ContainsFunc(manualFAQ.Topics, func(topic Topic) bool { return topic.ID == h.topic }) {
					t.Errorf("%q asks about %q, which is no topic", h.text, h.topic)
				}
			}
			n := manualFAQ.tally(t, set)
			of := func(part int) float64 { return float64(part) / float64(n.all) }
			t.Logf("of %d questions %.0f%% are answered rightly, %.0f%% more get the right topic suggested, %.0f%% are not understood, %.1f%% are answered wrongly",
				n.all, 100*of(n.right), 100*of(n.suggested), 100*of(n.missed), 100*of(n.wrong))
			if n.all < tt.atLeast || of(n.right) < tt.right || of(n.right+n.suggested) < tt.found || of(n.wrong) > tt.wrong {
				t.Errorf("%+v; want at least %d questions, %.2f right, %.2f right or suggested, at most %.2f wrong", n, tt.atLeast, tt.right, tt.found, tt.wrong)
			}
		})
	}
}

// TestAnswersAreNoQuestions is the promise that what somebody fills in, or says
// in passing, is never taken for a question: not one is answered, nor is
// anything suggested.
func TestAnswersAreNoQuestions(t *testing.T) {
	set := readHeard(t, "answers")
	if len(set) < 60 {
		t.Errorf("%d answers, want at least 60", len(set))
	}
	nearest := match{}
	for _, h := range set {
		if h.topic != "" {
			t.Errorf("%q is said to ask about %s", h.text, h.topic)
		}
		if found := manualFAQ.Find(h.text); len(found.Topics) > 0 || found.Asks {
			t.Errorf("%q is taken for a question about %v", h.text, found.Topics)
		}
		if ranked := manualFAQ.rank(h.text); len(ranked) > 0 && (questions.MatchString(h.text) || troubles.MatchString(h.text)) && !firms.MatchString(h.text) && ranked[0].score > nearest.score {
			nearest = ranked[0]
		}
	}
	t.Logf("of %d answers the nearest that seems to ask is %.2f like %s; from %.2f it would be suggested", len(set), nearest.score, nearest.topic.ID, possible)
}

// TestEveryAskingIsFound holds the topics apart from each other: none is asked
// with the words of another.
func TestEveryAskingIsFound(t *testing.T) {
	for _, topic := range manualFAQ.Topics {
		for _, asked := range topic.Asked {
			ranked := append(manualFAQ.rank(asked), match{})
			if got := ranked[0].topic.ID; got != topic.ID {
				t.Errorf("%q of %s is taken for %q", asked, topic.ID, got)
			}
		}
	}
}

// TestAnswersSayWhatTheyRestOn is M4, in each topic and in a talk: the edition,
// and the line as the manual calls it.
func TestAnswersSayWhatTheyRestOn(t *testing.T) {
	f := Manual(testPhone)
	f.Version = "2031-01-02"
	for _, topic := range f.FAQ.Topics {
		answer := f.answer(topic)
		if len(topic.Lines) == 0 {
			if !strings.Contains(answer, "依据：平台办理规则") {
				t.Errorf("%s rests on nothing: %s", topic.ID, answer)
			}
			continue
		}
		if !strings.Contains(answer, "依据：操作手册 2031-01-02 版") {
			t.Errorf("%s does not say the edition: %s", topic.ID, answer)
		}
		for _, n := range topic.Lines {
			if line := manualLines[n-1]; !strings.Contains(answer, line.Title) || !strings.Contains(answer, line.Section) {
				t.Errorf("%s does not name M%d: %s", topic.ID, n, answer)
			}
		}
	}
	out := f.Decide(Case{At: ServiceChoose}, said("多少钱？", ""))
	if len(out.Replies) != 2 || !strings.Contains(out.Replies[0].Text, "依据：操作手册 2031-01-02 版，1.4 ") {
		t.Errorf("the answer is %q, want it to rest on 1.4 of the edition", out.Script())
	}
}

// TestQuestionsAreAnsweredAnywhere asks in every step: the answer comes first,
// the pending question once, and the case stands where it stood.
func TestQuestionsAreAnsweredAnywhere(t *testing.T) {
	f := Manual(testPhone)
	for _, at := range f.States() {
		c := Case{At: at, Entry: "e0", Misses: 2, Form: Form{KeyKind: Conceal(KindCompany)}}
		out := f.Decide(c, said("初始密码是多少", ""))
		if len(out.Replies) != 2 || !strings.Contains(out.Replies[0].Text, "111111") {
			t.Errorf("at %s: %v", at, out.Script())
			continue
		}
		if question := f.Question(c); out.Replies[1].Text != question.Text || !slices.Equal(out.Replies[1].Choices, question.Choices) {
			t.Errorf("at %s the question is not asked again: %v", at, out.Script())
		}
		if out.Case.At != at || out.Case.Entry != "e0" || out.Case.Misses != 0 || len(out.Effects) > 0 {
			t.Errorf("at %s a question led to %s, %d misses, %d effects", at, out.Case.At, out.Case.Misses, len(out.Effects))
		}
	}
}

// TestReadersAndQuestions gives a step that reads what is typed both: a question
// is answered, everything else is read.
func TestReadersAndQuestions(t *testing.T) {
	step := Step{
		At: "ask", Ask: "单位名称？", Help: "全称。", Read: &Reader{Name: "org", Key: KeyOrgName, Read: readOrg},
		Exits: []Exit{{On: Answered(), To: Again}},
	}
	f := &Flow{Start: "ask", Chapters: []Chapter{{Steps: []Step{step}}}, FAQ: manualFAQ}
	if out := f.Decide(Case{At: "ask"}, said("专票怎么开", "")); out.Via != "asked special" || out.Case.Form.Has(KeyOrgName) {
		t.Errorf("a question was read as an answer: %v", out.Script())
	}
	for _, h := range readHeard(t, "answers") {
		want, err := readOrg(h.text, noon)
		if f := f.Decide(Case{At: "ask"}, said(h.text, "")); err == nil && f.Via == "answers" && f.Case.Form.Text(KeyOrgName) != want {
			t.Errorf("%q was not read: %v", h.text, f.Script())
		}
	}
}

func TestReadFAQRefuses(t *testing.T) {
	for _, text := range []string{"? 谁\n# x M1\n", "答。\n", "# x Mx\n", "# \n# x"} {
		if faq, err := readFAQ(text); err == nil {
			t.Errorf("readFAQ(%q) = %d topics, want an error", text, len(faq.Topics))
		}
	}
}

func TestCheckRefusesTopics(t *testing.T) {
	for text, want := range map[string]string{
		"# x M1\n? 在哪\n这里。\n# x\n? 谁\n我。": "there twice",
		"# x M1\n? 在哪":                              "no question or no answer",
		"# x M1\n这里。":                               "no question or no answer",
		"# x M125\n? 在哪\n这里。":                       "no line of the manual",
		"# x M1\n? 在哪\n{name}。":                     "not the same for everybody",
		"# x M1\n? 在哪\n" + strings.Repeat("长", 600): "over 1800",
		"# x M1\n? 发票\n一。\n# y M1\n? 开票\n二。":        "not found by its own name",
	} {
		faq, err := readFAQ(text)
		if err != nil {
			t.Fatal(err)
		}
		f := Manual(testPhone)
		f.FAQ = faq
		if faults := strings.Join(f.Check(nil, narrowest), "\n"); !strings.Contains(faults, want) {
			t.Errorf("Check of %q = %q, want a fault with %q", text, faults, want)
		}
	}
}

// FuzzFind holds the finding to any text: what it finds exists, and finding it
// again finds the same.
func FuzzFind(f *testing.F) {
	for _, text := range []string{"", "？", "多少钱", "初始密码是多少", "ｕｋｅｙ", "\xff", "专" + strings.Repeat("票", 200)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := manualFAQ.Find(text)
		if found.Sure && len(found.Topics) != 1 || len(found.Topics) > 2 {
			t.Fatalf("Find(%q) = %d topics, sure %t", text, len(found.Topics), found.Sure)
		}
		if again := manualFAQ.Find(text); again.Sure != found.Sure || len(again.Topics) != len(found.Topics) || len(found.Topics) > 0 && again.Topics[0].ID != found.Topics[0].ID {
			t.Fatalf("Find(%q) differs from time to time", text)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		manualFAQ.Find("浙江省杭州市西湖区文三路90号东部软件园1号楼502")
	}
}
