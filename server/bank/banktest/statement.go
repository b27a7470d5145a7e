package banktest

// The statement is written as a bank writes it, camt.053.001.08, with the
// debits and balances that a reader has to step over.

import (
	"crypto/subtle"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certdesk/flows"
)

var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

type document struct {
	XMLName xml.Name `xml:"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08 Document"`
	Header  struct {
		ID      string `xml:"MsgId"`
		Created string `xml:"CreDtTm"`
	} `xml:"BkToCstmrStmt>GrpHdr"`
	Statement statement `xml:"BkToCstmrStmt>Stmt"`
}

type statement struct {
	ID      string  `xml:"Id"`
	Account string  `xml:"Acct>Id>Othr>Id"`
	Kind    string  `xml:"Bal>Tp>CdOrPrtry>Cd"`
	Balance money   `xml:"Bal>Amt"`
	Sign    string  `xml:"Bal>CdtDbtInd"`
	Day     string  `xml:"Bal>Dt>Dt"`
	Entries []entry `xml:"Ntry"`
}

type money struct {
	Currency string `xml:"Ccy,attr"`
	Yuan     string `xml:",chardata"`
}

type entry struct {
	Amount    money  `xml:"Amt"`
	Direction string `xml:"CdtDbtInd"`
	Status    string `xml:"Sts>Cd"`
	Booked    string `xml:"BookgDt>DtTm"`
	Ref       string `xml:"AcctSvcrRef"`
	Detail    detail `xml:"NtryDtls>TxDtls"`
}

type detail struct {
	EndToEnd string `xml:"Refs>EndToEndId"`
	Debtor   string `xml:"RltdPties>Dbtr>Pty>Nm"`
	From     string `xml:"RltdPties>DbtrAcct>Id>Othr>Id"`
	Creditor string `xml:"RltdPties>Cdtr>Pty>Nm"`
	To       string `xml:"RltdPties>CdtrAcct>Id>Othr>Id"`
	Remark   string `xml:"RmtInf>Ustrd"`
}

// ServeHTTP answers GET /bank/statement?account=&from= with a bearer token.
// From is a time of RFC 3339; lines booked before it are left out.
func (b *Bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.taken("500") {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	if r.Method != http.MethodGet {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || subtle.ConstantTimeCompare([]byte(token), []byte(b.cfg.Token.Reveal())) != 1 {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	if r.FormValue("account") != b.cfg.Platform.Number {
		http.Error(w, "Not the account of this token", http.StatusForbidden)
		return
	}
	from, err := time.Parse(time.RFC3339, r.FormValue("from"))
	if err != nil {
		http.Error(w, "from is not a time", http.StatusBadRequest)
		return
	}
	if b.taken("timeout") {
		<-r.Context().Done()
		return
	}
	body, err := xml.MarshalIndent(b.statement(from), "", " ")
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	_, _ = io.WriteString(w, xml.Header) // a client that left is no concern of ours
	_, _ = w.Write(body)
}

// statement shows our lines since from, a line of the duplicate fault twice.
func (b *Bank) statement(from time.Time) document {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Clock().In(beijing)
	ours := b.state.Accounts[b.cfg.Platform.Number]
	var doc document
	doc.Header.ID = "STMT" + strconv.FormatInt(now.UnixNano(), 10)
	doc.Header.Created = now.Format(time.RFC3339)
	doc.Statement = statement{
		ID: doc.Header.ID, Account: ours.Number,
		Kind: "CLBD", Balance: yuan(ours.Balance), Sign: "CRDT", Day: now.Format(time.DateOnly),
	}
	for _, l := range b.state.Lines {
		out := l.Payer == ours.Number
		in := b.find(l.Payee) == ours
		if (!in && !out) || l.At.Before(from) || l.Shown.After(now) {
			continue
		}
		e := b.entry(l, out)
		doc.Statement.Entries = append(doc.Statement.Entries, e)
		if l.Twice {
			doc.Statement.Entries = append(doc.Statement.Entries, e)
		}
	}
	return doc
}

func (b *Bank) entry(l Line, out bool) entry {
	direction := "CRDT"
	if out {
		direction = "DBIT"
	}
	return entry{
		Amount: yuan(l.Amount), Direction: direction, Status: "BOOK",
		Booked: l.At.In(beijing).Format(time.RFC3339Nano), Ref: l.Ref,
		Detail: detail{
			EndToEnd: "NOTPROVIDED", Debtor: b.state.Accounts[l.Payer].Name, From: l.Payer,
			Creditor: b.find(l.Payee).Name, To: l.Payee, Remark: l.Remark,
		},
	}
}

func yuan(f flows.Fen) money { return money{"CNY", f.String()} }
