package bank

// Tables, as the e-banking of Chinese banks gives them: title rows, then the
// names of the columns, then the lines, then totals. No two banks call the
// columns alike; facts 7.1 says which names were seen where.

import (
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"certdesk/flows"
)

const (
	maxColumns = 200
	maxTitles  = 50      // rows before the names of the columns
	maxRows    = 100_000 // in both directions
)

// column is what stands in a column.
type column int

const (
	colTime   column = iota + 1 // a moment, or a day, or the hour of colDay
	colDay                      // a day
	colIn                       // money that came in
	colOut                      // money that went out
	colAmount                   // money in either direction
	colWay                      // the direction
	colCurrency
	colPayer
	colPayerAccount
	colPayee // in tables that name both sides
	colOwn
	colRef
	colText
)

// names are those of the columns, without blanks. The number of a voucher, and
// one that the payer chose, are not here: they name more than one line.
var names = map[string]column{
	"交易时间": colTime, "入账时间": colTime, "记账时间": colTime, "交易日期时间": colTime,
	"交易日期": colDay, "记账日期": colDay, "入账日期": colDay, "交易日": colDay, "日期": colDay,
	"贷方发生额": colIn, "贷方金额": colIn, "收入": colIn, "收入金额": colIn, "贷方": colIn, "贷方发生金额": colIn,
	"借方发生额": colOut, "借方金额": colOut, "支出": colOut, "支出金额": colOut, "借方": colOut, "借方发生金额": colOut,
	"发生额": colAmount, "交易金额": colAmount, "金额": colAmount,
	"借贷标志": colWay, "借贷": colWay, "借贷方向": colWay, "收支": colWay, "收支方向": colWay, "收支标志": colWay, "交易类型": colWay, "来往账标志": colWay,
	"币种": colCurrency, "交易货币": colCurrency, "货币": colCurrency,
	"对方户名": colPayer, "对方单位名称": colPayer, "对方单位": colPayer, "收(付)方名称": colPayer, "对方账户名称": colPayer,
	"对方名称": colPayer, "交易对方": colPayer, "付款人名称": colPayer, "付款人户名": colPayer, "对方帐户名称": colPayer,
	"对方账号": colPayerAccount, "收(付)方账号": colPayerAccount, "对方帐号": colPayerAccount, "对方账户": colPayerAccount, "付款人账号": colPayerAccount,
	"收款人账号": colPayee,
	"账号":    colOwn, "帐号": colOwn, "本方账号": colOwn, "我方账号": colOwn,
	"交易流水号": colRef, "流水号": colRef, "核心唯一流水号": colRef, "账户明细编号-交易流水号": colRef, "交易参考号": colRef, "银行流水号": colRef,
	"摘要": colText, "用途": colText, "附言": colText, "备注": colText, "交易附言": colText,
}

// money are the columns of which there must not be two. Of the others the first
// that is filled counts.
var money = []column{colIn, colOut, colAmount}

// header is where each column is.
type header map[column][]int

// cell returns what a row has in a column: the first that is filled.
func (h header) cell(row []string, c column) string {
	for _, i := range h[c] {
		if i < len(row) && row[i] != "" {
			return row[i]
		}
	}
	return ""
}

// sides reports whether the table names payer and payee of each line.
func (h header) sides() bool { return len(h[colPayee]) > 0 && len(h[colPayerAccount]) > 0 }

// headerOf reads the names of the columns, or returns nothing when the row
// does not hold them: it needs a date, a payer and an amount.
func headerOf(row []string) (header, error) {
	h := header{}
	for i, text := range row {
		if c := columnOf(text); c != 0 {
			h[c] = append(h[c], i)
		}
	}
	if len(h[colTime])+len(h[colDay]) == 0 || len(h[colIn])+len(h[colAmount]) == 0 || len(h[colPayer]) == 0 {
		return nil, nil
	}
	for _, c := range money {
		if len(h[c]) > 1 {
			return nil, errTwice
		}
	}
	if len(h[colIn]) > 0 && len(h[colAmount]) > 0 {
		return nil, errTwice
	}
	return h, nil
}

// columnOf reads the name of a column, with or without what the bank adds in
// brackets: a translation, or another word for it.
func columnOf(text string) column {
	name := plain(text)
	if c, ok := names[name]; ok {
		return c
	}
	name, _, _ = strings.Cut(name, "[")
	if c, ok := names[name]; ok {
		return c
	}
	name, _, _ = strings.Cut(name, "(")
	return names[name]
}

// plain drops what is in a cell only for the looks of it: width, blanks, and
// the marks that keep a long number from becoming a fraction.
func plain(text string) string {
	return strings.TrimPrefix(strings.Join(strings.Fields(norm.NFKC.String(text)), ""), "'")
}

// table reads lines below a header.
type table struct {
	parser

	account  string // ours, as configured
	own      string // as the titles say
	currency string // as the titles say
	header   header
}

// readTable reads the credits of a table.
func readTable(rows iter.Seq2[[]string, error], account string) (Statement, error) {
	t := table{parser: parser{twins: map[string]int{}}, account: account, currency: "CNY"}
	n := 0
	for row, err := range rows {
		n++
		if err != nil {
			return Statement{}, err
		}
		if err := t.row(n, row); err != nil {
			return Statement{}, &rowError{n, err}
		}
	}
	if t.header == nil {
		return Statement{}, errHeader
	}
	return Statement{Credits: t.credits, Reversed: t.reversed}, nil
}

func (t *table) row(n int, row []string) (err error) {
	switch {
	case len(row) > maxColumns:
		return errColumns
	case n > maxRows:
		return errRows
	case t.header != nil:
		return t.line(row)
	case n > maxTitles:
		return errHeader
	}
	if t.header, err = headerOf(row); t.header == nil {
		t.title(row)
	}
	return err
}

var (
	ownTitle      = regexp.MustCompile(`^(?:本方|我方|查询)?[账帐]号:?([0-9-]*)$`)
	currencyTitle = regexp.MustCompile(`^币种:?(.*)$`)
)

// title reads what stands above the names of the columns: "账号：6001", in one
// cell or in two.
func (t *table) title(row []string) {
	for i, text := range row {
		next := ""
		if i+1 < len(row) {
			next = plain(row[i+1])
		}
		text = plain(text)
		if m := ownTitle.FindStringSubmatch(text); m != nil {
			t.own = first(m[1], next)
		}
		if m := currencyTitle.FindStringSubmatch(text); m != nil {
			t.currency = currencyOf(first(m[1], next))
		}
	}
}

func first(one, other string) string {
	if one != "" {
		return one
	}
	return other
}

// line adds the credit of one row. A row without a date is a total or empty
// when it names nobody; the names of the columns come again on each printed page.
func (t *table) line(row []string) error {
	if again, err := headerOf(row); err == nil && again != nil {
		return nil
	}
	payer := strings.TrimSpace(norm.NFC.String(t.header.cell(row, colPayer)))
	at, err := t.booked(row)
	if err != nil {
		if payer == "" && plain(t.header.cell(row, colPayerAccount)) == "" {
			return nil
		}
		return err
	}
	amount, err := t.amount(row)
	if err != nil || amount == 0 {
		return err
	}
	if amount < 0 {
		t.reversed++
		return nil
	}
	if len(t.credits) == maxLines {
		return errRows
	}
	c := flows.Credit{
		Ref: plain(t.header.cell(row, colRef)), At: at, Amount: amount, Currency: t.currency, To: t.to(row),
		Payer:        flows.Conceal(payer),
		PayerAccount: flows.Conceal(plain(t.header.cell(row, colPayerAccount))),
		Remark:       flows.Conceal(t.remark(row)),
	}
	if text := t.header.cell(row, colCurrency); text != "" {
		c.Currency = currencyOf(text)
	}
	if c.Ref == "" {
		c.Ref = t.hash(c)
	}
	t.credits = append(t.credits, c)
	return nil
}

func (t *table) to(row []string) string {
	own := plain(t.header.cell(row, colOwn))
	if t.header.sides() {
		own = first(plain(t.header.cell(row, colPayee)), own)
	}
	return strings.ReplaceAll(first(own, t.own), "-", "")
}

func (t *table) remark(row []string) string {
	var texts []string
	for _, i := range t.header[colText] {
		if i < len(row) && strings.TrimSpace(row[i]) != "" {
			texts = append(texts, strings.TrimSpace(row[i]))
		}
	}
	return remark(texts, "")
}

// amount is what came in: nothing for money that went out, and less than
// nothing for a payment that the bank took back.
func (t *table) amount(row []string) (flows.Fen, error) {
	if len(t.header[colAmount]) == 0 {
		in, err := yuan(t.header.cell(row, colIn))
		if err != nil {
			return 0, err
		}
		out, err := yuan(t.header.cell(row, colOut))
		if err == nil && in != 0 && out != 0 {
			err = errBoth
		}
		return in, err
	}
	amount, err := yuan(t.header.cell(row, colAmount))
	if err != nil {
		return 0, err
	}
	in, err := t.cameIn(row)
	if err != nil || !in {
		return 0, err
	}
	return amount, nil
}

// ways are the words for the direction of money, seen from our account.
var ways = map[string]bool{
	"贷": true, "贷方": true, "贷记": true, "收": true, "收入": true, "来账": true, "转入": true, "C": true, "CR": true, "CRDT": true, "CREDIT": true,
	"借": false, "借方": false, "借记": false, "支": false, "支出": false, "往账": false, "转出": false, "D": false, "DR": false, "DBIT": false, "DEBIT": false,
}

// cameIn tells the direction of a line with one amount: by its word for it, or
// by whether the payee is us.
func (t *table) cameIn(row []string) (bool, error) {
	said := map[bool]bool{}
	for _, i := range t.header[colWay] {
		if i < len(row) {
			if in, known := ways[strings.ToUpper(plain(row[i]))]; known {
				said[in] = true
			}
		}
	}
	switch {
	case len(said) == 1:
		return said[true], nil
	case len(said) == 0 && t.header.sides():
		return strings.HasPrefix(t.to(row), t.account), nil
	}
	return false, errDirection
}

var yuanPattern = regexp.MustCompile(`^-?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?$`)

// yuan reads an amount. An empty cell, or a dash in its place, is none.
func yuan(text string) (flows.Fen, error) {
	text = unfloated(strings.TrimPrefix(strings.TrimLeft(plain(text), "¥￥"), "+"))
	if text == "" || strings.Trim(text, "-") == "" {
		return 0, nil
	}
	if !yuanPattern.MatchString(text) {
		return 0, errAmount
	}
	digits, minus := strings.CutPrefix(strings.ReplaceAll(text, ",", ""), "-")
	n, err := fen(amount{Text: strings.TrimSuffix(digits, "."), Currency: "CNY"})
	if err != nil {
		return 0, errAmount
	}
	if minus {
		n = -n
	}
	return n, nil
}

// currencies are the words for a currency. Another is none of ours.
var currencies = map[string]string{"人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "156": "CNY", "01": "CNY", "美元": "USD", "港币": "HKD", "港元": "HKD", "欧元": "EUR", "日元": "JPY"}

// noCurrency is what ISO 4217 has for "no currency is involved": a line in it
// never counts as ours.
const noCurrency = "XXX"

var code = regexp.MustCompile(`^[A-Z]{3}$`)

func currencyOf(text string) string {
	text = strings.ToUpper(plain(text))
	if c, ok := currencies[text]; ok {
		return c
	}
	for word, c := range currencies {
		if name, _, ok := strings.Cut(text, "("); ok && name == word {
			return c
		}
	}
	if code.MatchString(text) {
		return text
	}
	return noCurrency
}

// layouts are how tables write a moment and a day, without blanks.
var layouts = []string{
	"2006-01-0215:04:05", "2006-01-0215:04", "2006/1/215:04:05", "2006/1/215:04", "2006-01-02T15:04:05", "2006-01-02-15.04.05",
	"2006010215:04:05", "20060102150405", "2006年1月2日15:04:05", "2006.01.0215:04:05",
	time.DateOnly, "2006/1/2", "20060102", "2006年1月2日", "2006.01.02",
}

var hours = []string{"15:04:05", "15:04", "150405"}

// booked is when a row was booked. A column of times may hold a moment, a day,
// or only the hour of the day in another column.
func (t *table) booked(row []string) (time.Time, error) {
	moment, day := plain(t.header.cell(row, colTime)), plain(t.header.cell(row, colDay))
	if at, ok := parsed(moment); ok {
		return at, nil
	}
	at, ok := parsed(day)
	if !ok {
		return time.Time{}, errDate
	}
	for _, layout := range hours {
		if hour, err := time.Parse(layout, moment); err == nil {
			return time.Date(at.Year(), at.Month(), at.Day(), hour.Hour(), hour.Minute(), hour.Second(), 0, beijing), nil
		}
	}
	if share, err := strconv.ParseFloat(moment, 64); err == nil && share >= 0 && share < 1 { // as a workbook stores it
		return at.Add(time.Duration(share * float64(24*time.Hour))).Round(time.Second), nil
	}
	if moment != "" {
		return time.Time{}, fmt.Errorf("%w: its hour", errDate)
	}
	return at, nil
}

func parsed(text string) (time.Time, bool) {
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, text, beijing); err == nil && at.Year() >= 2000 && at.Year() < 2100 {
			return at, true
		}
	}
	return serial(text)
}
