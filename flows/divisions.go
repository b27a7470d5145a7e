package flows

import (
	_ "embed"
	"strings"
	"time"
)

// Where in the country a place is. New districts are made every year, so what
// is not in the table is not wrong for that.

//go:embed divisions.txt
var divisionTable string

// locality is a city or a district and what it lies in.
type locality struct {
	Province, City string
	District       string // empty for a city
}

// name is what people write first of all.
func (p locality) name() string {
	if p.District != "" {
		return p.District
	}
	return p.City
}

// places are the cities and districts by their whole names. Several districts
// share one.
var places = readDivisions(divisionTable)

func readDivisions(table string) map[string][]locality {
	found := map[string][]locality{}
	var at locality // the province and city that the lines are under
	for line := range strings.Lines(table) {
		code, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || code == "#" {
			continue
		}
		next := at
		switch len(code) {
		case 2:
			at = locality{Province: name}
			continue
		case 4:
			at.City = name
			switch {
			case strings.HasSuffix(at.Province, "市"): // one of the four that are their own city
				at.City = at.Province
			case strings.HasSuffix(name, "直辖县级行政区划"):
				at.City = "" // what follows lies in the province itself
				continue
			}
			next = at
		case 6:
			next.District = name
			if at.City == "" {
				next = locality{Province: at.Province, City: name}
			}
		}
		if len(found[next.name()]) == 0 || found[next.name()][len(found[next.name()])-1] != next {
			found[next.name()] = append(found[next.name()], next)
		}
	}
	return found
}

// wholePlace completes the name of a city or district that people have
// shortened, if it can only be one.
func wholePlace(name string, suffixes ...string) string {
	if len(places[name]) > 0 {
		return name
	}
	whole := name
	for _, suffix := range suffixes {
		if len(places[name+suffix]) == 0 {
			continue
		}
		if whole != name {
			return name
		}
		whole = name + suffix
	}
	return whole
}

// readCity takes a city, and completes its name (M94).
func readCity(text string, at time.Time) (string, error) {
	name, err := readPlace(text, at)
	if err != nil {
		return "", err
	}
	return WholeCity(name), nil
}

// readDistrict takes a district, and completes its name (M94).
func readDistrict(text string, at time.Time) (string, error) {
	name, err := readPlace(text, at)
	if err != nil {
		return "", err
	}
	return wholePlace(name, "区", "县", "市"), nil
}

const longestPlace = 15 // runes: 积石山保安族东乡族撒拉族自治县

// cutPlace cuts a district, or a city and its district, off an address that
// does not say the province. A name that several places have is none.
func cutPlace(where string) (p locality, rest string, ok bool) {
	p, rest, ok = cutUnique(where, func(locality) bool { return true })
	if !ok || p.District != "" {
		return p, rest, ok
	}
	return cutUnique(rest, func(district locality) bool { return district.District != "" && district.City == p.City })
}

// cutUnique cuts the longest name of a place off that only one fitting place
// has.
func cutUnique(where string, fits func(locality) bool) (p locality, rest string, ok bool) {
	runes := []rune(where)
	for n := min(longestPlace, len(runes)); n >= 2; n-- {
		name := string(runes[:n])
		many := 0
		for _, each := range places[name] {
			if fits(each) {
				p, many = each, many+1
			}
		}
		if many > 0 {
			return p, where[len(name):], many == 1
		}
	}
	return locality{}, "", false
}

// WholeCity completes the name of a city that was shortened, if it is known.
func WholeCity(name string) string { return wholePlace(name, "市", "地区", "盟") }
