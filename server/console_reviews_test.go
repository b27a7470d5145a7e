package server

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/ledger"
)

// inTray is a desk before which the papers of one applicant lie.
type inTray struct {
	*setting
	talk   desk.TalkID
	review ledger.Review
}

func setUpTray(t *testing.T) inTray {
	t.Helper()
	s := setUp(t)
	book := s.http.Book
	talk := desktest.NewTalk(t, book, "openid")
	desktest.Save(t, book, talk, "page", flows.PersonPapers, string(flows.KeyPaper), flows.PaperHongKong,
		string(flows.KeyName), "CHAN TAI MAN", string(flows.KeyPaperNumber), "H12345678")
	if err := book.KeepPaper(t.Context(), talk, "image/png", photo(t), s.now()); err != nil {
		t.Fatal(err)
	}
	if err := book.OpenReview(t.Context(), desktest.Ref(talk, "asks"), flows.PartyPerson, s.now()); err != nil {
		t.Fatal(err)
	}
	all, err := book.Reviews(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d reviews, %v, want 1", len(all), err)
	}
	s.cases[talk] = flows.Case{At: flows.PersonReviewing, Form: flows.Form{}}
	return inTray{s, talk, all[0]}
}

// photo is a picture as a telephone might send one.
func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 320, 200))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (b browser) judges(t *testing.T, number, verdict, why string) answer {
	t.Helper()
	form := url.Values{"token": {b.token}, "number": {number}, "seen": {"1"}, "verdict": {verdict}, "why": {why}}
	return b.ask(t, "POST", "/console/reviews/judge", form, nil, b.cookie)
}

func TestPapersAreLookedAtByTwo(t *testing.T) {
	s := setUpTray(t)
	li, zhang := s.sit(t, "li"), s.sit(t, "zhang")
	page := li.get(t, "/console/reviews").body
	for _, want := range []string{"CHAN TAI MAN", "H12345678", flows.PaperHongKong, "/console/papers/" + s.review.Papers[0].ID, "初审通过"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := li.judges(t, s.review.Number, "right", " "); got.status != fiber.StatusUnprocessableEntity || !strings.Contains(got.body, "请写一句意见") {
		t.Errorf("a verdict without a reason = %d", got.status)
	}
	if got := li.judges(t, s.review.Number, "right", "照片清楚"); got.status != fiber.StatusSeeOther {
		t.Errorf("the first verdict = %d %s", got.status, got.body)
	}
	if got := li.judges(t, s.review.Number, "right", "再看一遍"); got.status != fiber.StatusConflict || !strings.Contains(got.body, "另一位主管") || !strings.Contains(got.body, "再看一遍") {
		t.Errorf("the first again = %d, want a refusal that keeps the words", got.status)
	}
	if page := li.get(t, "/console/reviews").body; strings.Contains(page, ">复核通过<") || !strings.Contains(page, "您已初审") {
		t.Error("who was first is offered to be second")
	}
	if desktest.Facts(t, s.http.Book, s.talk).PersonVerified {
		t.Error("one has proved a person")
	}
	if got := zhang.judges(t, s.review.Number, "right", "一致"); got.status != fiber.StatusSeeOther || !desktest.Facts(t, s.http.Book, s.talk).PersonVerified {
		t.Errorf("the second verdict = %d %s", got.status, got.body)
	}
	for name, got := range map[string]answer{
		"when it is over": zhang.judges(t, s.review.Number, "wrong", "太晚"),
		"about nothing":   zhang.judges(t, "V1", "right", "什么"),
	} {
		if got.status != fiber.StatusConflict {
			t.Errorf("a verdict %s = %d, want 409", name, got.status)
		}
	}
	if got := zhang.judges(t, s.review.Number, "perhaps", "x"); got.status != fiber.StatusBadRequest {
		t.Errorf("a verdict that is none = %d, want 400", got.status)
	}
	forged := zhang
	forged.token = "forged"
	if got := forged.judges(t, s.review.Number, "right", "x"); got.status != fiber.StatusForbidden {
		t.Errorf("a forged form = %d, want 403", got.status)
	}
}

func TestAPaperIsShownToStaffOnly(t *testing.T) {
	s := setUpTray(t)
	at := "/console/papers/" + s.review.Papers[0].ID
	li := s.sit(t, "li")
	got := li.get(t, at)
	if got.status != fiber.StatusOK || got.header.Get("Content-Type") != "image/png" || got.body != string(photo(t)) ||
		!strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the paper = %d %v", got.status, got.header)
	}
	if got := li.get(t, "/console/papers/"+strings.Repeat("0", 32)); got.status != fiber.StatusNotFound {
		t.Errorf("a paper that is none = %d, want 404", got.status)
	}
	stranger := browser{setting: s.setting}
	if got := stranger.ask(t, "GET", at, nil, nil); got.status == fiber.StatusOK {
		t.Error("a stranger sees the paper")
	}
	if err := s.http.Book.KeepPaper(t.Context(), s.talk, "application/pdf", []byte("%PDF-1.4\n%%EOF"), s.now()); err != nil {
		t.Fatal(err)
	}
	if err := s.http.Book.OpenReview(t.Context(), desktest.Ref(s.talk, "more"), flows.PartyPerson, s.now()); err != nil {
		t.Fatal(err)
	}
	all, err := s.http.Book.Reviews(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all[0].Papers {
		got := li.get(t, "/console/papers/"+p.ID)
		if p.Kind == "application/pdf" && !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
			t.Error("a PDF opens in the page instead of being saved")
		}
	}
	if got := li.judges(t, s.review.Number, "right", "只看过一份"); got.status != fiber.StatusConflict || !strings.Contains(got.body, "刚补充了材料") {
		t.Errorf("a verdict about one of two papers = %d, want 409", got.status)
	}
}

func TestReviewsInABrowser(t *testing.T) {
	ctx := chromium(t)
	s := setUpTray(t)
	home := s.serve(t) + "/console/"
	about := `[data-ref="` + s.review.Number + `"]`
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1280, 800),
		chromedp.Navigate(home), wait("#name"), keys("#name", "li"), keys("#password", "open-li"), press("button"), wait("#live.on"),
		press(`a[href="/console/reviews"]`), wait(about), photograph("reviews"),
		keys(about+` input[name="why"]`, "照片清楚，姓名和号码一致"), press(about+` button.main`), wait(about+` p.soft`), photograph("reviews-first"),
		press(`form[action="/console/sign-out"] button`), wait("#name"),
		keys("#name", "zhang"), keys("#password", "open-zhang"), press("button"), wait("#live.on"),
		press(`a[href="/console/reviews"]`), wait(about), keys(about+` input[name="why"]`, "复核一致"), press(about+` button.main`), wait(about+`.matched`), photograph("reviews-over"),
	)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	if !desktest.Facts(t, s.http.Book, s.talk).PersonVerified {
		t.Error("two have looked, and the person is not proved")
	}
}
