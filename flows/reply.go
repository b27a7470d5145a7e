package flows

// Reply is one thing said to the applicant, without a trace of a channel.
type Reply struct {
	Text      string
	Choices   []Choice
	Page      *PageLink
	QR        *QR
	Documents []DocumentLink
	Card      *CardLink `cbor:",omitempty"` // a page to be passed on
}

// DocumentLink names a document that can be read before answering.
type DocumentLink struct{ ID, Title string }

// Choice is one answer that can be tapped. ID is digits only, because that is
// all WeChat carries; it names the step and the option, so that a tap on an old
// message is recognised as old.
type Choice struct {
	ID    string
	Label string
}

// PageLink asks for a page to be opened. Entry is the entry into the step that
// the page belongs to: a link of an earlier entry is spent.
type PageLink struct {
	Page  PageID
	Title string
	Entry string
}

// QR is a code to be scanned. The app that shows it may not open what is in it,
// so a channel shows it as a picture with a way to carry it elsewhere.
type QR struct {
	Content string
	Caption string
	Entry   string
	Until   string  // deadline, as a customer reads it
	By      Channel `cbor:",omitempty"` // whose app scans it; Alipay's when empty
}
