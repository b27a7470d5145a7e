package flows

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The manual's own FAQ: what customers ask while they are asked something else.

// Topic is one question with the answer that was approved for it.
type Topic struct {
	ID     string
	Lines  []int    // of the manual, on which the answer rests
	Asked  []string // ways to ask it; the first is how it is called to customers
	Answer string
}

// FAQ finds topics by the words that they are asked with. It is never changed
// once it is made.
type FAQ struct {
	Topics []Topic
	asking []int                // the topic of each asking
	spread map[string]int       // how many topics a word is in
	words  map[string][]posting // where a word is
}

// posting is an asking and what a word says there.
type posting struct {
	asking int
	weight float64
}

// term is a word and how much it says. The terms of a text are in order, and
// their length, as a vector, is 1.
type term struct {
	word   string
	weight float64
}

//go:embed faq.txt
var faqText string

var manualFAQ = mustReadFAQ(faqText)

// mustReadFAQ reads what is compiled in, as [regexp.MustCompile] does.
func mustReadFAQ(text string) *FAQ {
	faq, err := readFAQ(text)
	if err != nil {
		panic(err)
	}
	return faq
}

// readFAQ reads topics as they are written in faq.txt, which says how.
func readFAQ(text string) (*FAQ, error) {
	var topics []Topic
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		if head, ok := strings.CutPrefix(line, "# "); ok {
			topic, err := readTopic(head)
			if err != nil {
				return nil, fmt.Errorf("flows: line %d of the FAQ: %w", n, err)
			}
			topics = append(topics, topic)
			continue
		}
		if len(topics) == 0 {
			return nil, fmt.Errorf("flows: line %d of the FAQ stands before any topic", n)
		}
		last := &topics[len(topics)-1]
		if asked, ok := strings.CutPrefix(line, "? "); ok {
			last.Asked = append(last.Asked, asked)
			continue
		}
		last.Answer = strings.TrimSpace(last.Answer + "\n" + line)
	}
	return newFAQ(topics), nil
}

func readTopic(head string) (Topic, error) {
	words := strings.Fields(head)
	if len(words) == 0 {
		return Topic{}, errors.New("a topic without a name")
	}
	topic := Topic{ID: words[0]}
	for _, word := range words[1:] {
		n, err := strconv.Atoi(strings.TrimPrefix(word, "M"))
		if err != nil {
			return Topic{}, fmt.Errorf("%q is no line of the manual", word)
		}
		topic.Lines = append(topic.Lines, n)
	}
	return topic, nil
}

func newFAQ(topics []Topic) *FAQ {
	f := &FAQ{Topics: topics, spread: map[string]int{}, words: map[string][]posting{}}
	for _, topic := range topics {
		var words []string
		for _, asked := range topic.Asked {
			words = append(words, split(fold(asked))...)
		}
		slices.Sort(words)
		for _, word := range slices.Compact(words) {
			f.spread[word]++
		}
	}
	for i, topic := range topics {
		for _, asked := range topic.Asked {
			for _, t := range f.weigh(split(fold(asked))) {
				f.words[t.word] = append(f.words[t.word], posting{len(f.asking), t.weight})
			}
			f.asking = append(f.asking, i)
		}
	}
	return f
}

// weigh gives each word its weight: the fewer topics it is in, the more it
// says. A word of no topic says that the text is about none of them.
func (f *FAQ) weigh(words []string) []term {
	slices.Sort(words)
	var terms []term
	length := 0.0
	for _, word := range slices.Compact(words) {
		w := math.Log(1 + float64(len(f.Topics))/float64(max(1, f.spread[word])))
		terms = append(terms, term{word, w})
		length += w * w
	}
	for i := range terms {
		terms[i].weight /= math.Sqrt(length)
	}
	return terms
}

// match is a topic and how much a text is like one of its askings: the cosine
// of the two, 0 with no word in common and 1 for the same words.
type match struct {
	topic Topic
	score float64
}

// rank lists the topics that have something in common with a text, the
// likeliest first.
func (f *FAQ) rank(text string) []match {
	like := make([]float64, len(f.asking))
	for _, t := range f.weigh(split(fold(text))) {
		for _, p := range f.words[t.word] {
			like[p.asking] += t.weight * p.weight
		}
	}
	best := make([]float64, len(f.Topics))
	for i, score := range like {
		best[f.asking[i]] = max(best[f.asking[i]], score)
	}
	var ranked []match
	for i, topic := range f.Topics {
		if best[i] > 0 {
			ranked = append(ranked, match{topic, best[i]})
		}
	}
	slices.SortStableFunc(ranked, func(a, b match) int { return cmp.Compare(b.score, a.score) })
	return ranked
}

// When a text is a question. Customers answer a form with names, addresses and
// numbers that share a word with a topic, and those are never to be taken for
// one. The figures come from the questions and answers under testdata/faq.
const (
	certain  = 0.90 // of a text that does not say that it asks
	likely   = 0.55 // of a text that asks
	possible = 0.45 // of a text that asks: below, nothing is suggested
	margin   = 1.10 // the first over the second
	longest  = 100  // characters of a question
)

var (
	plain     = regexp.MustCompile(`[\p{L}\d].*(?:[?？吗呢么]|多久|哪里|怎么办)[。!！~～\s]*$`)
	questions = regexp.MustCompile(`[?？吗呢怎咋啥谁哪几]|[什多]么|多[少久长]|如何|何[时处]|为何|能不能|可不可|要不要|行不行|是不是|有没有|会不会|用不用|可以|需要|请问`)
	troubles  = regexp.MustCompile(`吧|不$|打不开|收不到|没收到|没有收到|没反应|没有反应|没有发|丢|忘|坏|失败|锁|死机|断[网电了]`)
	firms     = regexp.MustCompile(`(?:有限|责任|集团|股份|合伙)(?:公司|企业)$|(?:服务部|经营部|门市部|事务所|工作室|合作社|商行|厂)$`)
)

// Found is what a text may ask about: nothing, one topic, or two that are to be
// chosen from. Sure says that the one is answered, and not only suggested;
// Asks, that it is plainly a question, whatever it is about.
type Found struct {
	Topics []Topic
	Sure   bool
	Asks   bool
}

// Find looks for what a text asks about.
func (f *FAQ) Find(text string) Found {
	text = strings.TrimSpace(text)
	if f == nil || utf8.RuneCountInString(text) > longest || firms.MatchString(text) {
		return Found{}
	}
	found := Found{Asks: plain.MatchString(text)}
	answered, suggested := certain, certain
	if questions.MatchString(text) || troubles.MatchString(text) {
		answered, suggested = likely, possible
	}
	ranked := f.rank(text)
	if len(ranked) == 0 || ranked[0].score < suggested {
		return found
	}
	first := ranked[0]
	found.Topics = []Topic{first.topic}
	if len(ranked) == 1 || first.score > margin*ranked[1].score || first.score > exact {
		found.Sure = first.score >= answered
		return found
	}
	found.Topics = append(found.Topics, ranked[1].topic)
	return found
}

// exact is the same words, but for the rounding.
const exact = 0.999

// tells answers a question; whoever calls it asks the pending one again, once.
func (m *move) tells(topic Topic) {
	m.via = "asked " + topic.ID
	m.c.Misses = 0
	m.say(m.flow.answer(topic))
}

// answer is what a topic is answered with: as what the question was
// understood, and what the answer rests on (M4).
func (f *Flow) answer(topic Topic) string {
	return "“" + topic.Asked[0] + "”\n" + f.Fill(topic.Answer, nil) + "\n" + f.basis(topic.Lines)
}

// basis names lines of the manual as a customer can find them there.
func (f *Flow) basis(lines []int) string {
	if len(lines) == 0 {
		return "（依据：平台办理规则）"
	}
	var named []string
	section := ""
	for _, n := range lines {
		line := manualLines[n-1]
		title := line.Title
		if line.Section != section {
			section = line.Section
			title = section + " " + title
		}
		named = append(named, title)
	}
	return "（依据：操作手册 " + f.Version + " 版，" + strings.Join(named, "；") + "）"
}

// unknown says that a question has no answer here, rather than guess.
func (m *move) unknown(step Step) {
	m.via = "not known"
	m.c.Misses++
	m.say("抱歉，这个问题手册里没有写，不敢随便回答。回复“" + WordHuman + "”由客服回答，也可以拨打 " + m.flow.Phone + "。")
	m.ask(step)
}

// suggest asks which question was meant, rather than guess.
func (m *move) suggest(step Step, topics []Topic) {
	m.via = "asked which"
	m.c.Misses++
	text := "您是不是想问："
	for _, topic := range topics {
		text += "\n" + topic.Asked[0]
	}
	m.say(text + "\n是的话，请照这样再发一次；都不是，回复“" + WordHuman + "”由客服回答。")
	m.ask(step)
}
