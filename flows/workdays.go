package flows

import "time"

// Working days in China, because the day of dispatch that a customer is
// promised (M99) is counted in them.

// dispatchDays is the longest that packing takes, in working days (M99).
const dispatchDays = 2

// closing is the hour, in Beijing, after which a payment counts as the next
// day's.
const closing = 16

// ShipsBy is the last day on which an order paid at a moment is dispatched, as
// midnight of that day in Beijing.
func ShipsBy(paid time.Time) time.Time {
	day := paid.In(Beijing)
	if day.Hour() >= closing {
		day = day.AddDate(0, 0, 1)
	}
	return addWorkdays(day, dispatchDays)
}

// DayWords is a day as a customer reads it in a promise.
func DayWords(t time.Time) string { return t.In(Beijing).Format("1月2日") }

// addWorkdays returns midnight of the nth working day after the day of t.
func addWorkdays(t time.Time, n int) time.Time {
	y, m, d := t.In(Beijing).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, Beijing)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if isWorkday(day) {
			n--
		}
	}
	return day
}

// isWorkday reports whether people work on a day. For a year whose decree we
// do not have it knows weekdays only.
func isWorkday(day time.Time) bool {
	year := calendar[day.Year()]
	date := day.Format("01-02")
	if year.on[date] {
		return true
	}
	for _, holiday := range year.off {
		if date >= holiday.first && date <= holiday.last {
			return false
		}
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

type yearOff struct {
	off []span
	on  map[string]bool // weekends that are worked in exchange
}

type span struct{ first, last string } // month-day, both included

// calendar is the State Council's yearly decree on holidays, published each
// November for the next year. Checked against the npm package chinese-days
// 1.5.7 (MIT).
var calendar = map[int]yearOff{
	2025: {
		off: []span{
			{"01-01", "01-01"}, {"01-28", "02-04"}, {"04-04", "04-06"}, {"05-01", "05-05"},
			{"05-31", "06-02"}, {"10-01", "10-08"},
		},
		on: map[string]bool{"01-26": true, "02-08": true, "04-27": true, "09-28": true, "10-11": true},
	},
	2026: {
		off: []span{
			{"01-01", "01-03"}, {"02-15", "02-23"}, {"04-04", "04-06"}, {"05-01", "05-05"},
			{"06-19", "06-21"}, {"09-25", "09-27"}, {"10-01", "10-07"},
		},
		on: map[string]bool{
			"01-04": true, "02-14": true, "02-28": true, "05-09": true, "09-20": true, "10-10": true,
		},
	},
}
