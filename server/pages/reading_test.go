// How tests read a page: strictly, element by element, and with the rules that
// hold for every page.
package pages

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// parse reads a page and insists that every element that is opened is closed,
// and that the browser's reader did not have to move or invent anything.
func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	var open []string
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		switch token := tokens.Token(); token.Type {
		case html.StartTagToken:
			if !strings.Contains(" meta link input img br ", " "+token.Data+" ") {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes nothing: open are %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Fatalf("left open: %v", open)
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// find returns every element for which fit holds.
func find(root *html.Node, fit func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && fit(n) {
			found = append(found, n)
		}
	}
	return found
}

func named(name string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == name }
}

func with(attribute, value string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		v, ok := attr(n, attribute)
		return ok && v == value
	}
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// one returns the only element that fits.
func one(t *testing.T, root *html.Node, fit func(*html.Node) bool) *html.Node {
	t.Helper()
	found := find(root, fit)
	if len(found) != 1 {
		t.Fatalf("found %d elements, want 1", len(found))
	}
	return found[0]
}

// checkPolicy refuses what the Content-Security-Policy would.
func checkPolicy(t *testing.T, root *html.Node) {
	t.Helper()
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "style", "iframe", "object", "embed", "base":
			t.Errorf("a <%s>", n.Data)
		case "img":
			if src, _ := attr(n, "src"); !strings.HasPrefix(src, "data:image/png;base64,") {
				t.Errorf("a picture from %.40s", src)
			}
		case "link":
			if href, _ := attr(n, "href"); href != "/h5/style.css?v="+StyleVersion() {
				t.Errorf("a link to %s", href)
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s>", n.Data, a.Key)
			}
		}
	}
}

// checkNames wants every control to have an identifier of its own and a label,
// and every reference to lead somewhere.
func checkNames(t *testing.T, root *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range find(root, func(n *html.Node) bool { _, ok := attr(n, "id"); return ok }) {
		id, _ := attr(n, "id")
		if ids[id] {
			t.Errorf("two elements are %q", id)
		}
		ids[id] = true
	}
	labels := map[string]string{}
	for _, l := range find(root, named("label")) {
		target, _ := attr(l, "for")
		labels[target] = words(l)
	}
	for _, n := range find(root, func(n *html.Node) bool { return n.Data == "input" || n.Data == "select" || n.Data == "output" }) {
		if kind, _ := attr(n, "type"); kind == "hidden" {
			continue
		}
		id, _ := attr(n, "id")
		if id == "" || strings.Trim(labels[id], " *") == "" {
			t.Errorf("<%s id=%q> has no label", n.Data, id)
		}
	}
	for n := range root.Descendants() {
		described, _ := attr(n, "aria-describedby")
		for _, id := range strings.Fields(described) {
			if !ids[id] {
				t.Errorf("nothing is %q", id)
			}
		}
		if href, _ := attr(n, "href"); strings.HasPrefix(href, "#") && !ids[href[1:]] {
			t.Errorf("no way to %s", href)
		}
	}
}
