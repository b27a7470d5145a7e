package console

import (
	"fmt"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Reviews is the page of papers that people look at.
type Reviews struct {
	Me    string // display name of the agent
	Token string // proves that the forms are ours
	Why   string // why the last action was refused
	Draft string // the reason that was typed with it
	For   string // the review that it was about
	Open  []Review
	Over  []Review
}

// Review is one of them. Name and number are shown whole: they are compared with
// the papers.
type Review struct {
	Number  string
	Talk    desk.TalkID
	What    string // "个人 · 护照"
	Name    string
	ID      string
	Clock   string
	Papers  []Paper
	First   *Opinion // nil until somebody found it right
	Second  *Opinion // nil until it is over
	Passed  bool
	MayPass bool // this agent may find it right now
	MustNot string
}

// Paper is a file that was sent in.
type Paper struct{ ID, Text string }

// Opinion is what a colleague found, and why.
type Opinion struct{ Clock, By, Why string }

func (Reviews) template() string { return "reviews" }

// NewReview draws a review for a member of staff. Its papers, opinions and
// rights are the caller's to add.
func NewReview(number string, talk desk.TalkID, what flows.Review, at, now time.Time) Review {
	party := "个人"
	if what.Party == flows.PartyCompany {
		party = "单位"
	}
	return Review{
		Number: number, Talk: talk, What: party + " · " + what.Paper, Name: what.Name.Reveal(), ID: what.Number.Reveal(), Clock: clock(at, now),
	}
}

// NewPaper names a file by its place, kind and size.
func NewPaper(id string, n int, kind string, size int) Paper {
	name := "照片"
	if kind == "application/pdf" {
		name = "PDF"
	}
	return Paper{id, fmt.Sprintf("%s %d（%d KB）", name, n, (size+1023)/1024)}
}

// NewOpinion shows who found what.
func NewOpinion(by, why string, at, now time.Time) *Opinion {
	if by == "" {
		return nil
	}
	return &Opinion{clock(at, now), by, why}
}
