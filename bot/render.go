// From replies to texts that WeChat shows.

package bot

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"certdesk/flows"
)

// Links gives the addresses at which the pages of a conversation open. Both are
// called once for each page or code that is rendered.
type Links struct {
	Page     func(flows.PageLink) string
	QR       func(flows.QR) string // a page that shows the code and says how to carry it
	Document func(flows.DocumentLink) string
	Card     func() string // a page to be passed on
}

// Words that belong to this channel rather than to a step.
const (
	howToChoose = "点一下，或回复序号。"
	openQR      = "打开二维码页面"
)

// Render returns what is to be said: the answer to the push, and the rest, in
// order, which the caller sends as customer messages. Each is at most [MaxText]
// bytes; the answer is empty when there is nothing to say.
//
// A QR code is rendered as a link to its page, because a passive answer carries
// either text or a picture; the caller may send the picture as well.
func Render(replies []flows.Reply, links Links) (answer string, rest []string) {
	var blocks []string
	for _, r := range replies {
		blocks = append(blocks, block(r, links)...)
	}
	texts := pack(blocks, "\n\n", byLine)
	if len(texts) == 0 {
		return "", nil
	}
	return texts[0], texts[1:]
}

// Note is one customer message: a text, under which choices may be pressed.
type Note struct {
	Text    string
	Choices []flows.Choice
}

// What a menu may hold. WeChat documents no limits; these are those of the same
// message in WeCom.
const (
	maxMenuText   = 1024 // bytes
	maxMenuLabel  = 128  // bytes
	maxMenuLabels = 10
)

// HowToPick stands under the choices of a [Note]: a menu shows no numbers.
const HowToPick = "点一下，或回复第几项的数字。"

// RenderNotes returns what is to be said with no push to answer, as in [Render].
// The choices at the end become a menu where they fit into one: its text is
// short and holds no link, which a menu is not known to show.
func RenderNotes(replies []flows.Reply, links Links) []Note {
	if n := len(replies); n > 0 && pressable(replies[n-1].Choices) {
		question := replies[n-1]
		question.Choices = nil
		notes := notesOf(append(slices.Clone(replies[:n-1]), question), links)
		if end := len(notes) - 1; end >= 0 && len(notes[end].Text) <= maxMenuText && !strings.Contains(notes[end].Text, "<a ") {
			notes[end].Choices = replies[n-1].Choices
			return notes
		}
	}
	return notesOf(replies, links)
}

func notesOf(replies []flows.Reply, links Links) (notes []Note) {
	text, rest := Render(replies, links)
	for _, text := range append([]string{text}, rest...) {
		if text != "" {
			notes = append(notes, Note{Text: text})
		}
	}
	return notes
}

// Plain is the note as a text alone, for accounts that may not send menus.
func (n Note) Plain() string {
	if len(n.Choices) == 0 {
		return n.Text
	}
	return n.Text + "\n\n" + choices(n.Choices)
}

func pressable(all []flows.Choice) bool {
	for _, c := range all {
		if len(c.Label) > maxMenuLabel {
			return false
		}
	}
	return len(all) > 0 && len(all) <= maxMenuLabels
}

// block returns the paragraphs of one reply.
func block(r flows.Reply, links Links) []string {
	var all []string
	for paragraph := range strings.SplitSeq(clean(r.Text), "\n\n") {
		all = append(all, strings.Trim(paragraph, "\n "))
	}
	for _, d := range r.Documents {
		all = append(all, anchor(links.Document(d), d.Title))
	}
	if r.Page != nil {
		all = append(all, anchor(links.Page(*r.Page), r.Page.Title))
	}
	if r.QR != nil {
		all = append(all, clean(r.QR.Caption)+"\n"+anchor(links.QR(*r.QR), openQR))
	}
	if r.Card != nil {
		all = append(all, anchor(links.Card(), r.Card.Title))
	}
	if len(r.Choices) > 0 {
		all = append(all, choices(r.Choices))
	}
	return all
}

func choices(all []flows.Choice) string {
	lines := make([]string, 0, len(all)+1)
	for i, c := range all {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, tappable(c)))
	}
	return strings.Join(append(lines, howToChoose), "\n")
}

// tappable is a link that sends the label as if it had been typed, with the
// identifier beside it. WeChat does not document it; the sources of at least
// nine public bots use it. A label too long for it stays a label.
func tappable(c flows.Choice) string {
	text := strings.ReplaceAll(url.QueryEscape(c.Label), "+", "%20")
	link := anchor("weixin://bizmsgmenu?msgmenucontent="+text+"&msgmenuid="+c.ID, c.Label)
	if len(link) > MaxText/2 {
		return clean(c.Label)
	}
	return link
}

func anchor(href, label string) string {
	return `<a href="` + strings.ReplaceAll(href, `"`, "%22") + `">` + clean(label) + "</a>"
}

// clean makes text safe to stand in a message: no characters that XML forbids,
// and no "<", so that nothing a person typed becomes a link.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '<':
			return '＜'
		case r == '\n', r == '\t', r >= ' ' && r < 0x7f, r >= 0xa0 && r != 0xfffe && r != 0xffff:
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
}

// pack joins parts into as few texts of at most [MaxText] bytes as their order
// allows. A part too long for one text is taken apart by split.
func pack(parts []string, sep string, split func(string) []string) []string {
	var texts []string
	room := 0
	for _, part := range parts {
		pieces := []string{part}
		if len(part) > MaxText {
			pieces, room = split(part), 0
		}
		for _, piece := range pieces {
			if piece == "" {
				continue
			}
			if len(sep)+len(piece) <= room {
				texts[len(texts)-1] += sep + piece
			} else {
				texts = append(texts, piece)
			}
			room = MaxText - len(texts[len(texts)-1])
		}
	}
	return texts
}

func byLine(s string) []string { return pack(strings.Split(s, "\n"), "\n", bySentence) }

func bySentence(s string) []string {
	var sentences []string
	for s != "" {
		end := len(s)
		if i := strings.IndexAny(s, "。？！；"); i >= 0 {
			end = i + len("。")
		}
		sentences, s = append(sentences, s[:end]), s[end:]
	}
	return pack(sentences, "", byRune)
}

func byRune(s string) []string {
	var pieces []string
	for len(s) > MaxText {
		end := MaxText
		for !utf8.RuneStart(s[end]) {
			end--
		}
		pieces, s = append(pieces, s[:end]), s[end:]
	}
	return append(pieces, s)
}
