package server

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/server/desk"
)

// What is new, read over a real connection as a browser reads it.

// news is one server-sent event as a browser reads it.
type news struct{ name, id, data string }

// live opens the stream of a page over a real connection.
func (b browser) live(t *testing.T, path string, header http.Header) <-chan news {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", b.serve(t)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.AddCookie(b.cookie)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("stream = %d %q", got.StatusCode, got.Header.Get("Content-Type"))
	}
	all := make(chan news, 100)
	go func() {
		defer close(all)
		defer got.Body.Close()
		readNews(got.Body, all)
	}()
	return all
}

// readNews parses a stream by the rules of the HTML standard, where a lone
// carriage return ends a line too.
func readNews(r io.Reader, all chan<- news) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	in.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	var n news
	for in.Scan() {
		field, value, _ := strings.Cut(in.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			if n.data != "" {
				all <- n
			}
			n = news{}
		case "event":
			n.name = value
		case "id":
			n.id = value
		case "data":
			n.data += value + "\n"
		}
	}
}

// next waits for an event of a name that holds a text.
func next(t *testing.T, all <-chan news, name, text string) news {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case n, open := <-all:
			if !open {
				t.Fatalf("the stream ended before %s with %q", name, text)
			}
			if n.name == name && strings.Contains(n.data, text) {
				return n
			}
		case <-limit:
			t.Fatalf("no %s with %q came", name, text)
		}
	}
}

func TestStreamTellsWhatIsNew(t *testing.T) {
	s := setUp(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	s.says(talkOne, desk.WhoApplicant, "从前说的")
	all := zhang.live(t, "/console/stream?talk="+string(talkOne)+"&after=1", nil)
	next(t, all, "swap", "客户在等人工")
	s.says(talkOne, desk.WhoApplicant, "有<b>新</b>消息")
	got := next(t, all, "lines", "有&lt;b&gt;新&lt;/b&gt;消息")
	if got.id != "2" || strings.Contains(got.data, "从前说的") {
		t.Errorf("event = %+v, want the new line alone, and its mark", got)
	}
	li.press(t, talkOne, "take", "", "n1")
	next(t, all, "swap", "李四已经接手")
	s.says(talkOne, desk.WhoBot, "一行\rdata: 假的\revent: swap\r\r二行")
	got = next(t, all, "lines", "二行")
	if got.name != "lines" || !strings.Contains(got.data, "\ndata: 假的\n") {
		t.Errorf("event = %+v: a carriage return began a field", got)
	}
}

func TestStreamGoesOnAfterTheLastMark(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	for _, text := range []string{"一", "二", "三"} {
		s.says(talkOne, desk.WhoApplicant, text)
	}
	all := b.live(t, "/console/stream?talk="+string(talkOne)+"&after=1", http.Header{"Last-Event-Id": {"2"}})
	if got := next(t, all, "lines", "三"); strings.Contains(got.data, "二") {
		t.Errorf("event = %+v, want only what is after the mark", got)
	}
}

func TestStreamEndsWithTheSeatAndWithTheProcess(t *testing.T) {
	for name, end := range map[string]func(*setting){
		"the seat":    func(s *setting) { s.wait(seatLife) },
		"the process": func(s *setting) { s.http.close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := setUp(t)
			all := s.sit(t, "zhang").live(t, "/console/stream", nil)
			next(t, all, "swap", "queue")
			end(s)
			limit := time.After(10 * time.Second)
			for {
				select {
				case _, open := <-all:
					if !open {
						return
					}
				case <-limit:
					t.Fatal("the stream did not end")
				}
			}
		})
	}
}

func TestStreamRefusesMarksThatAreNone(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	for _, query := range []string{"talk=x", "talk=" + string(talkOne) + "&after=%0d%0aevil", "talk=" + string(talkOne) + "&after=" + strings.Repeat("1", 41)} {
		if got := b.get(t, "/console/stream?"+query); got.status != fiber.StatusBadRequest {
			t.Errorf("stream?%s = %d, want 400", query, got.status)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("一\r二\n\n三\r\n")
	f.Fuzz(func(t *testing.T, html string) {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		event(out, "lines", "7", html)
		out.Flush()
		all := make(chan news, len(html)+2)
		readNews(&b, all)
		want := news{"lines", "7", plainLines.Replace(html) + "\n"}
		if len(all) != 1 || <-all != want {
			t.Errorf("event of %q is not read back", html)
		}
	})
}
