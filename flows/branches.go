package flows

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Finding the branch of a bank by what people call it. Whoever has a list of
// branches searches it; what of the answer can be right is decided here.

// Branch is a branch of a bank.
type Branch struct {
	Code     string // twelve digits
	Bank     string
	Province string
	City     string
	Name     string // in full
}

// BranchQuery says which branch is looked for. What is empty is not asked.
type BranchQuery struct {
	Bank, Province, City string
	Name                 string // as somebody calls it, perhaps only some words of it
}

// BranchQuery is which branch a form names.
func (f Form) BranchQuery() BranchQuery {
	return BranchQuery{
		Bank: f.Text(KeyProofBank), Province: f.Text(KeyProofProvince), City: f.Text(KeyProofCity), Name: cmp.Or(f.Text(KeyBranchWords), f.Text(KeyProofBranch)),
	}
}

// PlainBank is the name of a bank without the form of its company: what people
// and lists have in common.
func PlainBank(name string) string { return cutOne(name, strings.TrimSuffix, companyForms) }

var (
	companyForms = []string{"股份有限公司", "有限责任公司", "有限公司"}
	branchSorts  = []string{"支行", "分行", "营业部", "分理处", "储蓄所", "营业所", "信用社", "分社"}
)

// cutOne cuts the first that is there, of several words, off one end.
func cutOne(text string, cut func(text, word string) string, words []string) string {
	for _, word := range words {
		if rest := cut(text, word); word != "" && rest != text {
			return rest
		}
	}
	return text
}

// inBank is the name of a branch without its bank's.
func (q BranchQuery) inBank(name string) string {
	called := []string{q.Bank}
	if bank, ok := FindBank(q.Bank); ok && !bank.family {
		for _, alias := range strings.Fields(bank.aliases) {
			if strings.HasSuffix(alias, "行") { // others are the names of places, too
				called = append(called, alias)
			}
		}
	}
	slices.SortFunc(called, func(a, b string) int { return len(b) - len(a) })
	return cutOne(cutOne(strip(name, " "), strings.TrimPrefix, called), strings.TrimPrefix, companyForms)
}

// inCity is the name of a branch without its bank's and its city's.
func (q BranchQuery) inCity(name string) string {
	rest := cutOne(q.inBank(name), strings.TrimPrefix, []string{q.Province, shortProvince(q.Province)})
	return cutOne(rest, strings.TrimPrefix, []string{q.City, q.shortCity()})
}

// Words are what tells the branch from others of its bank and city: what is left
// of its name without those and without the sort of branch that it is. All of
// them are in the full name of a branch that is meant.
func (q BranchQuery) Words() []string {
	var words []string
	for _, part := range strings.Fields(halfWidth(q.Name)) {
		whole := q.inCity(part)
		word := whole
		for cut := ""; word != cut; word = cutOne(word, strings.TrimSuffix, branchSorts) {
			cut = word
		}
		if word == "" {
			word = whole
		}
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}

// FullName is what the branch may be called in full: with its bank and its city.
func (q BranchQuery) FullName() string {
	return q.Bank + q.shortCity() + q.inCity(q.Name)
}

func (q BranchQuery) shortCity() string {
	return cutOne(q.City, strings.TrimSuffix, []string{"市", "地区", "盟"})
}

// branchesShown is how many branches people choose from. With two more choices
// they fill a menu of WeChat.
const branchesShown = 8

// Found makes the report of what a list of branches gave: those that can be meant,
// each once, the very one first. Whatever is not a branch of the bank in the
// province is left out; a list may be somebody else's.
func (q BranchQuery) Found(all []Branch) BranchesFound {
	var exact, alike []Branch
	seen := map[string]bool{}
	for _, b := range all {
		b.Name = strip(b.Name, " ")
		if seen[b.Code] || !q.fits(b) {
			continue
		}
		seen[b.Code] = true
		if q.exactly(b) {
			exact = append(exact, b)
		} else {
			alike = append(alike, b)
		}
	}
	found := append(exact, alike...)
	shown := min(len(found), branchesShown)
	return BranchesFound{Asked: q, Branches: found[:shown], Exact: len(exact) == 1, More: len(found) > shown}
}

// branchName is what the name of a branch looks like. The sign of a branch is in no
// word that is understood anywhere, so no name can take one's place.
var branchName = regexp.MustCompile(`^[\p{Han}A-Za-z0-9()·-]*[行社部处所][\p{Han}A-Za-z0-9()·-]*$`)

func isBranchName(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 4 && n <= 60 && branchName.MatchString(name)
}

func (q BranchQuery) fits(b Branch) bool {
	code, err := ReadBranchCode(b.Code)
	if err != nil || code.Digits != b.Code || code.Foreign || !isBranchName(b.Name) || !strings.Contains(code.Region, q.Province) {
		return false
	}
	if bank, ok := FindBank(q.Bank); ok && !bank.family {
		return bank.Code == b.Code[:3]
	}
	return code.Bank == "" && (b.Bank == q.Bank || strings.HasPrefix(b.Name, q.Bank))
}

// exactly reports whether a branch is the one that was named, and not only alike.
func (q BranchQuery) exactly(b Branch) bool {
	name := q.inCity(q.Name)
	return name != "" && name == q.inCity(b.Name) && (b.City == "" || q.City == "" || WholeCity(b.City) == q.City)
}

// listed writes branches down as one answer of the form, a line each: short,
// because the case is kept with every message.
func listed(branches []Branch) string {
	lines := make([]string, len(branches))
	for i, b := range branches {
		lines[i] = b.Code + " " + b.Name
	}
	return strings.Join(lines, "\n")
}

// branchesIn reads what [listed] wrote.
func branchesIn(text string) []Branch {
	var all []Branch
	for line := range strings.SplitSeq(text, "\n") {
		if code, name, ok := strings.Cut(line, " "); ok {
			all = append(all, Branch{Code: code, Name: name})
		}
	}
	return all
}

// branchLabels are the found branches as they are printed: without the name of
// the bank, which everybody knows by then; two of one name with their codes.
func branchLabels(f Form) []string {
	q := f.BranchQuery()
	var labels []string
	times := map[string]int{}
	for _, b := range branchesIn(f.Text(KeyBranchFound)) {
		label := b.Name
		if short := q.inBank(b.Name); isBranchName(short) {
			label = short
		}
		times[label]++
		labels = append(labels, label)
	}
	for i, b := range branchesIn(f.Text(KeyBranchFound)) {
		if times[labels[i]] > 1 {
			labels[i] += "(" + b.Code + ")"
		}
	}
	return labels
}
