// Tests of what WeChat shows.

package bot

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"certdesk/flows"
)

var testLinks = Links{
	Page:     func(p flows.PageLink) string { return "https://desk.example/f/" + p.Entry },
	QR:       func(q flows.QR) string { return "https://desk.example/q/" + q.Entry },
	Card:     func() string { return "https://desk.example/c" },
	Document: func(d flows.DocumentLink) string { return "https://desk.example/d/" + d.ID },
}

func TestRender(t *testing.T) {
	replies := []flows.Reply{
		{Text: "您好。"},
		{Text: "请填写资料。", Page: &flows.PageLink{Title: "填写资料", Entry: "e1"}},
		{QR: &flows.QR{Caption: "请用支付宝扫码。", Entry: "e2"}},
		{Text: "您要办什么？", Choices: []flows.Choice{{ID: "101", Label: "办理 A+B"}, {ID: "102", Label: "进度"}}},
	}
	const want = `您好。

请填写资料。

<a href="https://desk.example/f/e1">填写资料</a>

请用支付宝扫码。
<a href="https://desk.example/q/e2">打开二维码页面</a>

您要办什么？

1. <a href="weixin://bizmsgmenu?msgmenucontent=%E5%8A%9E%E7%90%86%20A%2BB&msgmenuid=101">办理 A+B</a>
2. <a href="weixin://bizmsgmenu?msgmenucontent=%E8%BF%9B%E5%BA%A6&msgmenuid=102">进度</a>
点一下，或回复序号。`
	answer, rest := Render(replies, testLinks)
	if answer != want || len(rest) != 0 {
		t.Errorf("Render = %s\nand %q, want %s", answer, rest, want)
	}
}

func TestRenderNothing(t *testing.T) {
	if answer, rest := Render(nil, testLinks); answer != "" || rest != nil {
		t.Errorf("Render(nil) = %q, %q", answer, rest)
	}
	if answer, rest := Render([]flows.Reply{{Text: " \n\n "}}, testLinks); answer != "" || rest != nil {
		t.Errorf("Render(blank) = %q, %q", answer, rest)
	}
}

func TestRenderKeepsStrangersOut(t *testing.T) {
	answer, _ := Render([]flows.Reply{{Text: "张\x00三\ufffe <a href=\"https://evil.example\">点我</a>\xff"}}, testLinks)
	if want := "张三 ＜a href=\"https://evil.example\">点我＜/a>"; answer != want {
		t.Errorf("Render = %q, want %q", answer, want)
	}
}

func TestRenderSplits(t *testing.T) {
	paragraph := strings.Repeat("字", 400) // 1200 bytes
	line := strings.Repeat("行", 300)
	sentence := strings.Repeat("句", 299) + "。"
	tests := []struct {
		name string
		text string
		want []string
	}{
		{"between paragraphs", paragraph + "\n\n" + paragraph, []string{paragraph, paragraph}},
		{"between lines", line + "\n" + line + "\n" + line, []string{line, line, line}},
		{"between sentences", sentence + sentence + sentence, []string{sentence + sentence, sentence}},
		{"between characters", strings.Repeat("字", 700), []string{strings.Repeat("字", 600), strings.Repeat("字", 100)}},
		{"a short paragraph joins the end of a long one", strings.Repeat("字", 700) + "\n\n好", []string{strings.Repeat("字", 600), strings.Repeat("字", 100) + "\n\n好"}},
	}
	for _, tt := range tests {
		answer, rest := Render([]flows.Reply{{Text: tt.text}}, testLinks)
		if got := append([]string{answer}, rest...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Render returns %d texts %q, want %d", tt.name, len(got), got, len(tt.want))
		}
	}
}

var testAnchor = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

// TestRenderNeverBreaks draws replies of any length and looks for what WeChat
// would not show: a text too long, half a link, half a character, a lost word.
func TestRenderNeverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"字", "a", "。", "\n", "\n\n", "？", "😀", strings.Repeat("长", 650), strings.Repeat("b", 1000)}), 0, 40)
		labels := rapid.SliceOfN(rapid.StringMatching(`[办理进度a-z <]{1,80}`), 0, 30)
		var replies []flows.Reply
		for range rapid.IntRange(1, 4).Draw(t, "replies") {
			r := flows.Reply{Text: strings.Join(words.Draw(t, "words"), "")}
			for _, label := range labels.Draw(t, "labels") {
				r.Choices = append(r.Choices, flows.Choice{ID: "101", Label: label})
			}
			replies = append(replies, r)
		}
		answer, rest := Render(replies, testLinks)
		var said strings.Builder
		for i, text := range append([]string{answer}, rest...) {
			if len(text) > MaxText || !utf8.ValidString(text) || (text == "" && i > 0) {
				t.Fatalf("text %d has %d bytes: %q", i, len(text), text)
			}
			for _, m := range testAnchor.FindAllStringSubmatch(text, -1) {
				if _, err := url.Parse(m[1]); err != nil {
					t.Fatalf("link %q: %v", m[1], err)
				}
			}
			bare := testAnchor.ReplaceAllString(text, "$2")
			if strings.Contains(bare, "<") {
				t.Fatalf("text %d holds half a link: %q", i, text)
			}
			said.WriteString(bare)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		var want strings.Builder
		for _, r := range replies {
			want.WriteString(strings.Join(block(flows.Reply{Text: r.Text}, testLinks), ""))
			if len(r.Choices) > 0 {
				want.WriteString(testAnchor.ReplaceAllString(choices(r.Choices), "$2"))
			}
		}
		if got := squeeze(said.String()); got != squeeze(want.String()) {
			t.Fatalf("Render says %q, want %q", got, squeeze(want.String()))
		}
	})
}

func TestDocumentsAreLinkedBeforeTheChoices(t *testing.T) {
	answer, _ := Render([]flows.Reply{{
		Text: "是否同意？", Choices: []flows.Choice{{ID: "1", Label: "同意"}},
		Documents: []flows.DocumentLink{{ID: "face", Title: "《授权书》"}},
	}}, testLinks)
	document, choice := strings.Index(answer, `href="https://desk.example/d/face"`), strings.Index(answer, "1. ")
	if document < 0 || choice < document {
		t.Errorf("Render = %q, want the document's link before the choices", answer)
	}
}

// TestMaxText holds what flows.TestManualHasNoFaults measures the manual by.
func TestMaxText(t *testing.T) {
	if MaxText != 1800 {
		t.Errorf("MaxText = %d, and flows/check_test.go says 1800", MaxText)
	}
}

func TestRenderNotes(t *testing.T) {
	two := []flows.Choice{{ID: "101", Label: "办理 A+B"}, {ID: "102", Label: "进度"}}
	long := strings.Repeat("字", maxMenuText/3+1)
	wide := []flows.Choice{{ID: "1", Label: strings.Repeat("字", maxMenuLabel/3+1)}}
	plain := choices(two)
	for _, c := range []struct {
		name    string
		replies []flows.Reply
		want    []Note
	}{
		{"nothing", nil, nil},
		{"a text", []flows.Reply{{Text: "您好。"}}, []Note{{Text: "您好。"}}},
		{"a question", []flows.Reply{{Text: "您好。"}, {Text: "办什么？", Choices: two}}, []Note{{Text: "您好。\n\n办什么？", Choices: two}}},
		{"a question before news", []flows.Reply{{Text: "办什么？", Choices: two}, {Text: "您好。"}}, []Note{{Text: "办什么？\n\n" + plain + "\n\n您好。"}}},
		{"a text too long for a menu", []flows.Reply{{Text: long, Choices: two}}, []Note{{Text: long + "\n\n" + plain}}},
		{"a page beside the choices", []flows.Reply{{Text: "请填写。", Page: &flows.PageLink{Title: "填写资料", Entry: "e1"}, Choices: two}}, []Note{{Text: "请填写。\n\n<a href=\"https://desk.example/f/e1\">填写资料</a>\n\n" + plain}}},
		{"choices alone", []flows.Reply{{Choices: two}}, []Note{{Text: plain}}},
		{"a label too long for a menu", []flows.Reply{{Text: "办什么？", Choices: wide}}, []Note{{Text: "办什么？\n\n" + choices(wide)}}},
	} {
		if got := RenderNotes(c.replies, testLinks); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: RenderNotes = %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := (Note{Text: "办什么？", Choices: two}).Plain(); got != "办什么？\n\n"+plain {
		t.Errorf("Plain = %q", got)
	}
}

// TestBranchesFitAMessage: as many branches as people choose from are one text
// when they are called as branches are, and one menu.
func TestBranchesFitAMessage(t *testing.T) {
	bank := flows.BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市"}
	say := func(name string) flows.Reply {
		var list []flows.Branch
		for i := range 20 {
			list = append(list, flows.Branch{Code: fmt.Sprintf("1023310000%02d", i), Name: fmt.Sprintf("中国工商银行股份有限公司杭州%s%d支行", name, i)})
		}
		form := flows.Learned(bank.Found(list))
		form[flows.KeyProofBank] = flows.Conceal(bank.Bank)
		return flows.Manual("400-000-0000").Question(flows.Case{At: flows.CompanyBranch, Form: form})
	}
	question := say("西湖")
	if answer, rest := Render([]flows.Reply{question}, testLinks); len(rest) > 0 || strings.Count(answer, "msgmenuid=") != 10 {
		t.Errorf("%d further texts after\n%s", len(rest), answer)
	}
	if notes := RenderNotes([]flows.Reply{question}, testLinks); len(notes) != 1 || len(notes[0].Choices) != 10 {
		t.Errorf("the notes are %+v", notes)
	}
	answer, rest := Render([]flows.Reply{say(strings.Repeat("长", 30))}, testLinks)
	for _, text := range append(rest, answer) {
		if len(text) > MaxText {
			t.Errorf("a text of %d bytes", len(text))
		}
	}
	if all := answer + strings.Join(rest, ""); !strings.Contains(all, "1. ") || !strings.Contains(all, "10. ") {
		t.Errorf("choices are missing:\n%s", all)
	}
}
