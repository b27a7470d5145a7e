package bank

// The shapes of a camt.053 document, apart from their reading, because their
// names are the standard's. The namespace, and with it the version, is
// ignored: versions 02 to 08 differ in the two places marked. Source: ISO
// 20022 message definition report, Bank-to-Customer Cash Management; facts 7.1.

import "encoding/xml"

type document struct {
	Statements []statement `xml:"BkToCstmrStmt>Stmt"`
}

type statement struct {
	Account account `xml:"Acct"`
	Entries entries `xml:"Ntry"`
}

// entries and details are bounded while they are read: an empty element of a few
// bytes becomes twenty times as much in memory.
type (
	entries []entry
	details []detail
)

// UnmarshalXML implements [xml.Unmarshaler].
func (e *entries) UnmarshalXML(d *xml.Decoder, start xml.StartElement) (err error) {
	*e, err = bounded(*e, d, start)
	return err
}

// UnmarshalXML implements [xml.Unmarshaler].
func (p *details) UnmarshalXML(d *xml.Decoder, start xml.StartElement) (err error) {
	*p, err = bounded(*p, d, start)
	return err
}

func bounded[T any](all []T, d *xml.Decoder, start xml.StartElement) ([]T, error) {
	if len(all) == maxRows {
		return all, errRows
	}
	var one T
	err := d.DecodeElement(&one, &start)
	return append(all, one), err
}

type account struct {
	IBAN  string `xml:"Id>IBAN"`
	Other string `xml:"Id>Othr>Id"`
}

type entry struct {
	Amount    amount `xml:"Amt"`
	Direction string `xml:"CdtDbtInd"` // CRDT, DBIT
	Reversal  string `xml:"RvslInd"`
	Status    struct {
		Text string `xml:",chardata"`
		Code string `xml:"Cd"` // since 08
	} `xml:"Sts"`
	Booked struct {
		Time string `xml:"DtTm"`
		Date string `xml:"Dt"`
	} `xml:"BookgDt"`
	Ref     string  `xml:"AcctSvcrRef"`
	Text    string  `xml:"AddtlNtryInf"`
	Details details `xml:"NtryDtls>TxDtls"`
}

type amount struct {
	Text     string `xml:",chardata"`
	Currency string `xml:"Ccy,attr"`
}

// detail is one transaction of an entry; a batch has several.
type detail struct {
	Ref     string  `xml:"Refs>AcctSvcrRef"`
	Amount  *amount `xml:"Amt"`
	Parties struct {
		Debtor          party   `xml:"Dbtr"`
		DebtorAccount   account `xml:"DbtrAcct"`
		CreditorAccount account `xml:"CdtrAcct"`
	} `xml:"RltdPties"`
	Remarks []string `xml:"RmtInf>Ustrd"`
}

type party struct {
	Name  string `xml:"Nm"`
	Party string `xml:"Pty>Nm"` // since 08
}
