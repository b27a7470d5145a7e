// What a person reads.

package wechattest

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Item is one message in a person's inbox.
type Item struct {
	N        int       `json:"n"` // from 1
	At       time.Time `json:"at"`
	Via      string    `json:"via"`  // "passive", "custom" or "template"
	Type     string    `json:"type"` // "text", "image", "news", "msgmenu", "template" or "fault"
	Text     string    `json:"text"` // as it is read, without tags
	Choices  []Choice  `json:"choices"`
	URLs     []string  `json:"urls"`
	ImageURL string    `json:"image_url"`       // a path in the world, empty when there is no picture
	Links    []Link    `json:"links,omitempty"` // URLs, with the words that are tapped
}

// Choice is something in a message that can be tapped to be said.
type Choice struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// Link is something in a message that opens a page. A bare address is its own
// label.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Unavailable is what a telephone shows when the account gave no answer, or one
// that WeChat cannot read. It stands in the inbox as an item of type "fault".
const Unavailable = "该公众号提供的服务出现故障，请稍后再试"

// The ways by which a message comes.
const (
	viaPassive  = "passive"
	viaCustom   = "custom"
	viaTemplate = "template"
)

// Inbox returns the messages after the one numbered after, oldest first. It is
// empty, and not nil, for somebody unknown.
func (p *Platform) Inbox(openid string, after int) []Item {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := []Item{}
	if u := p.state.Users[openid]; u != nil && after < len(u.Inbox) {
		items = append(items, u.Inbox[max(after, 0):]...)
	}
	return items
}

// shown is a message as WeChat displays it, with what its choices say.
type shown struct {
	item   Item
	offers map[string]string
}

// show puts a message into the inbox.
func (u *user) show(now time.Time, via string, s shown) {
	item := s.item
	item.N, item.At, item.Via = len(u.Inbox)+1, now, via
	if item.Choices == nil {
		item.Choices = []Choice{}
	}
	if item.URLs == nil {
		item.URLs = []string{}
	}
	u.Inbox = append(u.Inbox, item)
	for id, says := range s.offers {
		u.Offers[id] = says
	}
}

var (
	anchors = regexp.MustCompile(`(?is)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>(.*?)</a>`)
	// A bare address runs on to the next blank, and swallows Chinese text that
	// follows it, as on a telephone.
	bare   = regexp.MustCompile(`https?://[^\s<>"]+`)
	digits = regexp.MustCompile(`^[0-9]+$`)
)

// read displays a text: links become tappable, the rest of them is dropped. No
// tag but <a> is known; any other is shown as it stands.
func read(text string) shown {
	s := shown{item: Item{Type: "text"}, offers: map[string]string{}}
	var plain strings.Builder
	end := 0
	for _, m := range anchors.FindAllStringSubmatchIndex(text, -1) {
		plain.WriteString(s.bare(text[end:m[0]]))
		href := group(text, m, 1) + group(text, m, 2)
		label := group(text, m, 3)
		s.link(html.UnescapeString(href), label)
		plain.WriteString(label)
		end = m[1]
	}
	plain.WriteString(s.bare(text[end:]))
	s.item.Text = plain.String()
	return s
}

func group(text string, m []int, n int) string {
	if m[2*n] < 0 {
		return ""
	}
	return text[m[2*n]:m[2*n+1]]
}

// bare takes note of the addresses in a text, which are links by themselves.
func (s *shown) bare(text string) string {
	for _, address := range bare.FindAllString(text, -1) {
		s.page(address, address)
	}
	return text
}

func (s *shown) page(address, label string) {
	s.item.URLs = append(s.item.URLs, address)
	s.item.Links = append(s.item.Links, Link{Label: label, URL: address})
}

// link makes a page or a choice of an address; anything else cannot be tapped.
// The identifier of a choice is digits, because others come back altered.
func (s *shown) link(href, label string) {
	switch {
	case strings.HasPrefix(href, "http://"), strings.HasPrefix(href, "https://"):
		s.page(href, label)
	case strings.HasPrefix(href, "weixin://bizmsgmenu?"):
		query, err := url.ParseQuery(strings.TrimPrefix(href, "weixin://bizmsgmenu?"))
		id, says := query.Get("msgmenuid"), query.Get("msgmenucontent")
		if err == nil && digits.MatchString(id) && says != "" {
			s.offer(id, label, says)
		}
	}
}

func (s *shown) offer(id, label, says string) {
	s.item.Choices = append(s.item.Choices, Choice{ID: id, Label: label})
	s.offers[id] = says
}

// fault is the notice of an account that does not work.
func fault() shown { return shown{item: Item{Type: "fault", Text: Unavailable}} }

// picture displays an image.
func picture(mediaID string) shown {
	return shown{item: Item{Type: "image", ImageURL: "/world/wechat/media/" + mediaID}}
}

// news displays one article.
func news(a article) shown {
	s := shown{item: Item{Type: "news", Text: strings.TrimSpace(a.Title + "\n" + a.Description)}}
	if a.URL != "" {
		s.page(a.URL, a.Title)
	}
	return s
}

// article is a card that opens a page.
type article struct {
	Title       string `json:"title" xml:"Title"`
	Description string `json:"description" xml:"Description"`
	URL         string `json:"url" xml:"Url"`
	PicURL      string `json:"picurl" xml:"PicUrl"`
}

// menu displays a question with tappable answers.
func (m *menuMessage) shown() shown {
	s := shown{item: Item{Type: "msgmenu"}, offers: map[string]string{}}
	lines := []string{m.Head}
	for _, o := range m.List {
		lines = append(lines, o.Content)
		if digits.MatchString(o.ID) {
			s.offer(o.ID, o.Content, o.Content)
		}
	}
	s.item.Text = strings.TrimSpace(strings.Join(append(lines, m.Tail), "\n"))
	return s
}

// menuMessage is a message of kind msgmenu.
type menuMessage struct {
	Head string `json:"head_content"`
	List []struct {
		ID      string `json:"id"`
		Content string `json:"content"`
	} `json:"list"`
	Tail string `json:"tail_content"`
}

func notice(id string, lines []string) shown {
	text := strings.Join(lines, "\n")
	return shown{item: Item{Type: "template", Text: fmt.Sprintf("[%s]\n%s", id, text)}}
}
