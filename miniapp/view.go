package miniapp

// The view: what the client draws. These types are the contract with a client
// that is released through a review of days, so fields are added, never
// renamed.

// View is the present step of a case.
type View struct {
	At        string            `json:"at" doc:"name of the step; empty before the first word"`
	Stay      string            `json:"stay" doc:"changes whenever the step is entered anew: keep what was typed while it is the same"`
	Nonce     string            `json:"nonce" doc:"to be sent back with the answer"`
	Title     string            `json:"title" doc:"what the applicant is doing here"`
	Said      []string          `json:"said" doc:"paragraphs said just now, before the question: answers to help, refusals, an agent's words"`
	Text      []string          `json:"text" doc:"paragraphs of what is asked"`
	Choices   []Choice          `json:"choices" doc:"printed options, each a button"`
	Page      *Page             `json:"page,omitempty" doc:"fields to fill in"`
	QR        *QR               `json:"qr,omitempty" doc:"a code for another telephone; given when there is nothing to press here"`
	Card      *Card             `json:"card,omitempty" doc:"a page to be passed on to a colleague, who needs no log-in"`
	Pay       *Pay              `json:"pay,omitempty" doc:"a trade to be handed to my.tradePay"`
	Face      *Face             `json:"face,omitempty" doc:"a face verification to be begun"`
	Trail     []Milestone       `json:"trail" doc:"the whole way of this applicant"`
	Turn      Turn              `json:"turn" doc:"whose move it is, and how long that takes"`
	Owner     Owner             `json:"owner" doc:"who speaks with the applicant"`
	Waiting   bool              `json:"waiting" doc:"the world moves next: show that we wait"`
	LookAgain int               `json:"look_again" minimum:"0" doc:"seconds until the step is to be asked for again; 0 for never"`
	Over      bool              `json:"over" doc:"nothing is left to do"`
	Refusals  map[string]string `json:"refusals" doc:"what is wrong with each refused field; the empty key is about the whole answer"`
	Words     []string          `json:"words" doc:"words that help in this step, each a small button that says the word"`
	Phone     string            `json:"phone" doc:"of the certificate service"`
}

// Card is a page to be passed on.
type Card struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Choice is one printed option.
type Choice struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// Page is a set of fields that are sent in together.
type Page struct {
	Name      string   `json:"name" doc:"to be sent back with the values"`
	Title     string   `json:"title"`
	Intro     string   `json:"intro"`
	Submit    string   `json:"submit" doc:"label of the button"`
	Fields    []Field  `json:"fields"`
	Provinces []string `json:"provinces" doc:"what a field of the kind province offers; empty when there is none"`
}

// Field is one question of a page.
type Field struct {
	Key      string    `json:"key"`
	Label    string    `json:"label"`
	Hint     string    `json:"hint"`
	Input    string    `json:"input" enum:"text,tel,number,password,agree,fixed,province"`
	Optional bool      `json:"optional"`
	Value    string    `json:"value,omitempty" doc:"of a fixed field; of another, what is proposed until something is typed"`
	Known    bool      `json:"known,omitempty" doc:"Alipay may know it: what my.getPhoneNumber gives is for the call phone"`
	Document *Document `json:"document,omitempty" doc:"what a box agrees to"`
}

// Document is a text to be read before a box is ticked.
type Document struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Version string `json:"version"`
	Text    string `json:"text"`
}

// QR is a code for Alipay's scanner on another telephone, or for WeChat's.
type QR struct {
	Content string `json:"content"`
	Caption string `json:"caption"`
	Picture string `json:"picture,omitempty" doc:"address of the code as a picture, to be shown and saved: WeChat scans it, and Alipay opens nothing of it"`
}

// Pay is a trade that waits for its buyer.
type Pay struct {
	TradeNo string `json:"trade_no" doc:"tradeNO of my.tradePay"`
	Total   string `json:"total" doc:"in yuan, with two decimals"`
}

// Face is a face verification that waits for its person.
type Face struct {
	CertifyURL string `json:"certify_url" doc:"short address; ask for /face to begin inside the mini-program"`
}

// Milestone is one part of the way.
type Milestone struct {
	Name  string `json:"name"`
	State string `json:"state" enum:"done,now,next"`
}

// Turn is whose move it is.
type Turn struct {
	Who   string `json:"who"`
	Takes string `json:"takes"`
}

// Owner is who speaks with the applicant.
type Owner struct {
	Kind string `json:"kind" enum:"bot,queue,agent"`
	Name string `json:"name" doc:"of the agent; empty for the others"`
}
