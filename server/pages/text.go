package pages

// The words of a step are written for a chat, as lines. On a page they become
// paragraphs, lists and tables of facts, and what points from the chat to the
// page is left out.

import (
	"strings"
	"unicode/utf8"
)

// block is a paragraph, a list of points, or a table: one of the three is
// filled.
type block struct {
	Text   string
	Points []string
	Facts  []fact
}

// fact is one line of the form "收款户名：某某".
type fact struct{ Name, Value string }

var onThePage = strings.NewReplacer(
	"点开下面的页面，", "",
	"点开下面的页面", "",
	"请回复“", "请在聊天里回复“",
	"也可以直接回复", "也可以在聊天里回复",
)

// retold changes the words of a chat for somebody who is on the page already.
func retold(text []string) []string {
	told := make([]string, len(text))
	for i, t := range text {
		told[i] = onThePage.Replace(t)
	}
	return told
}

// blocks groups lines. Points follow each other as "· ..."; facts need a
// neighbour, because a single "名：值" reads better as a sentence.
func blocks(text []string) []block {
	lines := strings.Split(strings.Join(text, "\n"), "\n")
	var made []block
	for i, line := range lines {
		line = strings.TrimSpace(line)
		last := len(made) - 1
		point, isPoint := strings.CutPrefix(line, "· ")
		f, isFact := factOf(line)
		switch {
		case line == "":
		case isPoint && last >= 0 && made[last].Points != nil:
			made[last].Points = append(made[last].Points, point)
		case isPoint:
			made = append(made, block{Points: []string{point}})
		case isFact && last >= 0 && made[last].Facts != nil:
			made[last].Facts = append(made[last].Facts, f)
		case isFact && i+1 < len(lines) && startsFact(lines[i+1]):
			made = append(made, block{Facts: []fact{f}})
		default:
			made = append(made, block{Text: line})
		}
	}
	return made
}

func startsFact(line string) bool {
	_, ok := factOf(strings.TrimSpace(line))
	return ok
}

// factOf splits a line with a short name before its first colon.
func factOf(line string) (fact, bool) {
	name, value, colon := strings.Cut(line, "：")
	short := utf8.RuneCountInString(name) <= 8 && !strings.ContainsAny(name, "，。、“”（）")
	return fact{name, value}, colon && short && name != "" && value != ""
}
