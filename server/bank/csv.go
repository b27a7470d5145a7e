package bank

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var utf8Mark = []byte("\xEF\xBB\xBF")

// readCSV reads a table of text. Banks part the cells with commas or, when
// they call a text file an Excel file, with tabs.
func readCSV(body []byte, account string) (Statement, error) {
	text, err := decoded(body)
	if err != nil {
		return Statement{}, err
	}
	s, err := readTable(records(text, ','), account)
	if errors.Is(err, errHeader) && bytes.ContainsRune(text, '\t') {
		return readTable(records(text, '\t'), account)
	}
	return s, err
}

// decoded returns text in UTF-8. Text that is valid UTF-8 is taken for it: in
// GB18030 such text would be nonsense.
func decoded(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, utf8Mark)
	if !utf8.Valid(body) {
		var err error
		if body, err = simplifiedchinese.GB18030.NewDecoder().Bytes(body); err != nil {
			return nil, errEncoding
		}
	}
	if bytes.ContainsRune(body, utf8.RuneError) || bytes.IndexByte(body, 0) >= 0 {
		return nil, errEncoding
	}
	return body, nil
}

// records gives the lines of a table, empty ones too. The reader is strict: if a payer's name
// with an odd quote could swallow the lines after it, money would be missed.
func records(text []byte, comma rune) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		r := csv.NewReader(bytes.NewReader(text))
		r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
		for next := 1; ; next++ {
			row, err := r.Read()
			if err == nil {
				for line, _ := r.FieldPos(0); next < line; next++ {
					if !yield(nil, nil) {
						return
					}
				}
			}
			var at *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &at):
				err = &rowError{at.StartLine, fmt.Errorf("%w: %w", errCSV, err)}
			case strings.ContainsAny(strings.Join(row, ""), "\r\n"):
				err = &rowError{next, errBreak}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
