package bank

// A file of the bank, as a person downloads it: what it is is told by its
// bytes, not by its name.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"certdesk/flows"
)

// MaxFile is how many bytes of a file are read. What is zipped may become
// [MaxUnzipped].
const (
	MaxFile     = maxStatement
	MaxUnzipped = 16 << 20
)

// Statement is a file of the bank, read.
type Statement struct {
	Digest   string // of the file: the same file has the same
	Credits  []flows.Credit
	Reversed int // lines in which the bank took a payment back; they are left out
}

// Read reads the booked credits of a statement of our account: a camt.053
// document, a table in CSV (UTF-8 or GB18030), or the first sheet of an XLSX
// workbook. It returns [ErrStatement], and no credit, for anything else, for a
// file that is too long, for a line that cannot be understood, and for a
// statement of an account that neither is ours nor begins with ours.
// [Words] says why to an operator.
func Read(r io.Reader, account string) (Statement, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	s, err := read(body, account)
	if err != nil {
		if !errors.Is(err, ErrStatement) {
			err = fmt.Errorf("%w: %w", ErrStatement, err)
		}
		return Statement{}, err
	}
	for i := range s.Credits {
		c := &s.Credits[i]
		if c.To == "" {
			c.To = account
		}
		if !strings.HasPrefix(c.To, account) {
			return Statement{}, fmt.Errorf("%w: %w", ErrStatement, errAccount)
		}
	}
	sum := sha256.Sum256(body)
	s.Digest = hex.EncodeToString(sum[:])
	return s, nil
}

func read(body []byte, account string) (Statement, error) {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(body, utf8Mark), " \t\r\n")
	switch {
	case len(body) > MaxFile:
		return Statement{}, errLong
	case len(trimmed) == 0:
		return Statement{}, errEmpty
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		rows, err := readXLSX(body)
		if err != nil {
			return Statement{}, err
		}
		return readTable(rows, account)
	case bytes.HasPrefix(body, []byte("\xD0\xCF\x11\xE0")):
		return Statement{}, errOldExcel
	case trimmed[0] == '<':
		return readCamt053(bytes.NewReader(trimmed))
	}
	return readCSV(body, account)
}

// reason says why a file cannot be read, in the log and to an operator.
type reason struct{ log, words string }

func (r *reason) Error() string { return r.log }

var (
	errLong      = &reason{"longer than a statement may be", "文件太大。请按较短的日期范围重新导出。"}
	errUnzipped  = &reason{"more than may be unzipped", "文件解压后太大。请按较短的日期范围重新导出。"}
	errEmpty     = &reason{"nothing in it", "文件是空的。请重新下载。"}
	errOldExcel  = &reason{"a workbook of the old kind, or one with a password", "不能读旧版或加了密码的 Excel。请另存为不加密的 .xlsx 或 CSV。"}
	errXLSX      = &reason{"not a workbook", "这个 Excel 文件打不开。请重新下载，或导出为 CSV。"}
	errCSV       = &reason{"not a table", "这个文件不像 CSV 表格，可能下载不完整。请重新下载。"}
	errEncoding  = &reason{"neither UTF-8 nor GB18030", "文件的文字编码认不出来。请导出为 UTF-8 或 GB18030（GBK）。"}
	errHeader    = &reason{"no line with the names of the columns", "没有找到表头。需要有交易日期、对方户名和收入（贷方）金额这几列。"}
	errTwice     = &reason{"two columns of one meaning", "有两列都像是金额，分不清用哪一列。请只导出收支明细。"}
	errColumns   = &reason{"more columns than a statement has", "列数太多，不像银行流水。请重新导出。"}
	errRows      = &reason{"more lines than a statement may have", "行数太多。请按较短的日期范围重新导出。"}
	errAmount    = &reason{"an amount is not one", "金额读不出来。"}
	errBoth      = &reason{"money in both directions", "收入和支出两列同时有金额。"}
	errDirection = &reason{"nothing says whether it came in or went out", "分不清是收入还是支出。"}
	errDate      = &reason{"a date is not one", "日期读不出来。"}
	errBreak     = &reason{"a line break in a cell", "单元格里有换行，引号可能没有配对。"}
	errAccount   = &reason{"of an account that is not ours", "这不是我方收款账户的流水。请检查下载的是哪个账户。"}
)

// rowError is a reason with its place.
type rowError struct {
	row int
	why error
}

func (e *rowError) Error() string { return fmt.Sprintf("row %d: %v", e.row, e.why) }
func (e *rowError) Unwrap() error { return e.why }

// Words says to an operator why [Read] refused a file, and what to do.
func Words(err error) string {
	why := &reason{words: "文件读不懂。可以导入 CSV、XLSX 或 camt.053 格式的银行流水，请重新下载。"}
	errors.As(err, &why)
	var at *rowError
	if errors.As(err, &at) {
		return fmt.Sprintf("第 %d 行：%s请核对这一行，或重新导出。", at.row, why.words)
	}
	return why.words
}
