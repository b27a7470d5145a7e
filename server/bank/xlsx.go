package bank

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

const maxParts = 500 // files in the zip of a workbook

// readXLSX gives the lines of a workbook's first sheet. Cells come as they are
// stored: a format can neither hide nor round an amount, and dates are numbers.
// The sheet's own word for its size is not asked, because some banks' is wrong.
func readXLSX(body []byte) (iter.Seq2[[]string, error], error) {
	if err := unzips(body); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: MaxUnzipped,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errXLSX, err)
	}
	return func(yield func([]string, error) bool) {
		defer book.Close()
		sheets := book.GetSheetList()
		if len(sheets) == 0 {
			yield(nil, errEmpty)
			return
		}
		rows, err := book.Rows(sheets[0])
		if err != nil {
			yield(nil, fmt.Errorf("%w: %w", errXLSX, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			row, err := rows.Columns()
			if err != nil {
				err = fmt.Errorf("%w: %w", errXLSX, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := rows.Error(); err != nil {
			yield(nil, fmt.Errorf("%w: %w", errXLSX, err))
		}
	}, nil
}

// unzips unzips every part once, to nowhere: excelize would take a part that is
// damaged, or longer than it says, as far as it goes, and lines would be missed.
func unzips(body []byte) error {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return fmt.Errorf("%w: %w", errXLSX, err)
	}
	if len(z.File) > maxParts {
		return errUnzipped
	}
	left := &io.LimitedReader{N: MaxUnzipped}
	for _, f := range z.File {
		if f.UncompressedSize64 > MaxUnzipped {
			return errUnzipped
		}
		part, err := f.Open()
		if err != nil {
			return fmt.Errorf("%w: %w", errXLSX, err)
		}
		left.R = part
		_, err = io.Copy(io.Discard, left)
		if err = errors.Join(err, part.Close()); err != nil {
			return fmt.Errorf("%w: %w", errXLSX, err)
		}
		if left.N == 0 {
			return errUnzipped
		}
	}
	return nil
}

// serial reads a date that is stored as a workbook stores it: days since 1900.
func serial(text string) (time.Time, bool) {
	days, err := strconv.ParseFloat(text, 64)
	if err != nil || days < 36_526 || days >= 73_051 { // the years 2000 to 2099
		return time.Time{}, false
	}
	at, err := excelize.ExcelDateToTime(days, false)
	if err != nil {
		return time.Time{}, false
	}
	at = at.Round(time.Second)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, beijing), true
}

// unfloated writes an amount that a workbook stores as a binary fraction, such as
// 0.30000000000000004 or 1E-2, as the two decimals that it stands for.
func unfloated(text string) string {
	_, cents, _ := strings.Cut(text, ".")
	if len(cents) <= 2 && !strings.ContainsAny(text, "eE") {
		return text
	}
	yuan, err := strconv.ParseFloat(text, 64)
	rounded := math.Round(yuan * 100)
	if err != nil || math.Abs(yuan) > 1e9 || math.Abs(yuan*100-rounded) > 1e-6 {
		return text
	}
	return strconv.FormatFloat(rounded/100, 'f', 2, 64)
}
