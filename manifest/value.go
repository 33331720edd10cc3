package manifest

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The most that a manifest may ask for. Milvus itself returns no more than
// 16,384 rows of one read and knows no vector of more than 32,768 dimensions
// (its limits page, "Search" and "Dimensions of a vector"); the others keep a
// slip of the finger from becoming a run without end.
const (
	maxRead          = 16384
	maxDimension     = 32768
	maxConfirmations = 1000
	maxKept          = 1000
	maxPercent       = 1000
	maxRatio         = 1000
	maxDays          = 36500
	maxPath          = 1024
	maxNumber        = 64 // characters of a number, and of a duration
)

const (
	day       = 24 * time.Hour
	durations = "500ms, 24h or 7d" // as examples
)

// The rules of values that are not names.
var (
	rowCount       = wholeNumber("number of rows", 0, math.MaxInt64)
	dimensionCount = wholeNumber("dimension", 1, maxDimension)
	readLimit      = wholeNumber("limit", 1, maxRead)
	confirmations  = wholeNumber("number of confirmations", 1, maxConfirmations)
	keptCount      = wholeNumber("number of collections", 0, maxKept)

	share = decimalNumber("share", 0, 1)
	ratio = decimalNumber("ratio", 0.001, maxRatio)

	coordinate = rule{
		noun: "coordinate", fits: isCoordinate,
		fault: func(string) (why, hint string) { return "it is not a number that a vector can hold", "" },
		schema: constraint{
			least: fmt.Sprint(-math.MaxFloat32), most: fmt.Sprint(math.MaxFloat32),
		},
	}
	percentage = rule{
		noun: "percentage", fits: isPercentage, fault: percentageFault, example: "5%",
		schema: constraint{plain: `(?:(?:0|[1-9][0-9]{0,2})(?:\.[0-9]+)?|1000(?:\.0+)?)%`, around: `[0-9.%]`},
	}
	duration = rule{
		noun: "duration", fits: isDuration, fault: durationFault, example: durations,
		schema: constraint{
			plain:  `(?:[0-9]{1,5}d)?(?:[0-9.]+(?:ns|us|µs|μs|ms|s|m|h))*`,
			around: `[0-9.dhmnsuµμ]`,
			not:    `^[0.dhmnsuµμ]*$`, // nothing at all, in whatever units
		},
	}

	// Milvus has new metrics and index types in every version: any word will do.
	metricName    = wordRule("metric", "COSINE")
	indexTypeName = wordRule("index type", "HNSW")

	onFailure   = oneOf("value of on_failure", string(SwitchBack), string(KeepGoing))
	unknownWord = oneOf("value of unknown", "allow", "fail")
	grantsWord  = oneOf("value of grants", string(GrantsCopy), string(GrantsIgnore))
	aliasGrants = oneOf("value of alias_grants", string(GrantsFollow), string(GrantsStay))

	outputField = rule{noun: "output field", fits: isLabel, fault: labelFault, schema: lineConstraint}
	anyField    = rule{noun: "field name", fits: isLabel, fault: labelFault, schema: lineConstraint}
	filePath    = rule{noun: "file name", fits: isPath, fault: pathFault, schema: lineConstraint}
	filterText  = rule{noun: "filter", fits: isFilter, fault: filterFault, schema: constraint{
		free: true, not: `^\s*$|[\x00-\x08\x0b-\x1f\x7f]`,
	}}
	namePattern = rule{
		noun: "pattern", fits: isPattern, fault: patternFault, example: "products_v*",
		schema: constraint{
			plain: `[A-Za-z_*][A-Za-z0-9_*]{0,254}`, around: `[A-Za-z0-9_*]`,
			not: `^[A-Za-z0-9_]*$|^\*+$`,
		},
	}
)

// lineConstraint is of free text on one line without blanks around it.
var lineConstraint = constraint{free: true, not: `^$|^\s|\s$|[\x00-\x1f\x7f]`}

// wordRule is the rule of a word of Milvus, which has letters, digits and _.
func wordRule(noun, example string) rule {
	r := nameRule(noun)
	r.name = false
	r.example = example
	return r
}

// wholeNumber is the rule of a number in decimal digits, from least to most.
func wholeNumber(noun string, least, most int64) rule {
	return rule{
		noun: noun,
		fits: func(s string) bool {
			n, err := strconv.ParseInt(s, 10, 64)
			return err == nil && isDigits(s) && least <= n && n <= most
		},
		fault: func(s string) (why, hint string) {
			digits, negative := strings.CutPrefix(s, "-")
			switch n, err := strconv.ParseInt(s, 10, 64); {
			case !isDigits(digits):
				return "it is not a whole number in decimal digits", ""
			case negative || err == nil && n < least:
				return fmt.Sprintf("it is less than %d", least), ""
			}
			return fmt.Sprintf("it is more than %d", most), ""
		},
		schema: constraint{whole: true, least: strconv.FormatInt(least, 10), most: strconv.FormatInt(most, 10)},
	}
}

// decimalNumber is the rule of a number with or without a decimal point, from
// least to most.
func decimalNumber(noun string, least, most float64) rule {
	return rule{
		noun: noun,
		fits: func(s string) bool {
			f, ok := parseDecimal(s)
			return ok && least <= f && f <= most
		},
		fault: func(s string) (why, hint string) {
			digits, negative := strings.CutPrefix(s, "-")
			switch f, ok := parseDecimal(digits); {
			case !ok:
				return "it is not a decimal number", "for example 0.8"
			case negative || f < least:
				return fmt.Sprintf("it is less than %v", least), ""
			}
			return fmt.Sprintf("it is more than %v", most), ""
		},
		schema: constraint{least: decimalText(least), most: decimalText(most)},
	}
}

// isDigits reports whether s is a number in decimal digits as JSON writes it,
// which YAML 1.1 and 1.2 read alike: without a leading zero.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == "" && (s == "0" || s[0] != '0')
}

// parseDecimal reads digits, and perhaps a point and more digits. It takes no
// more of them than a float64 can distinguish.
func parseDecimal(s string) (float64, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if len(s) > 16 || !isDigits(whole) || point && (fraction == "" || strings.Trim(fraction, "0123456789") != "") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// decimalText writes a number as parseDecimal reads it.
func decimalText(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// isCoordinate takes what Milvus can hold in a vector, which is of float32.
func isCoordinate(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && len(s) <= maxNumber && !strings.ContainsAny(s, "_xX") && math.Abs(f) <= math.MaxFloat32
}

func parsePercentage(s string) (float64, bool) {
	number, percent := strings.CutSuffix(s, "%")
	f, ok := parseDecimal(number)
	return f, percent && ok
}

func isPercentage(s string) bool {
	f, ok := parsePercentage(s)
	return ok && f <= maxPercent
}

func percentageFault(s string) (why, hint string) {
	if _, ok := parsePercentage(s); ok {
		return fmt.Sprintf("it is more than %d%%", maxPercent), ""
	}
	return "it is not a number and %", "for example 5% or 0.5%"
}

// parseDuration reads the durations of Go, which have no unit above the hour,
// and whole days before them: 500ms, 24h, 7d, 1d12h.
func parseDuration(s string) (time.Duration, bool) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.Atoi(days)
	if err != nil || !isDigits(days) || n > maxDays {
		return 0, false
	}
	d := time.Duration(n) * day
	if rest == "" && found {
		return d, true
	}
	more, err := time.ParseDuration(rest)
	if err != nil || strings.HasPrefix(rest, "+") || more < 0 || more > maxDays*day-d {
		return 0, false
	}
	return d + more, true
}

func isDuration(s string) bool {
	d, ok := parseDuration(s)
	return ok && len(s) <= maxNumber && d > 0
}

func durationFault(s string) (why, hint string) {
	const examples = "for example " + durations
	if d, ok := parseDuration(s); ok && d == 0 {
		return "it is no time at all", "leave the field out for none"
	}
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		if _, ok := parseDuration(rest); ok {
			return "it is negative", examples
		}
	}
	if isDigits(s) {
		return "it has no unit", examples
	}
	if d, err := time.ParseDuration(s); err == nil && d > maxDays*day {
		return fmt.Sprintf("it is more than %d days", maxDays), ""
	}
	return fmt.Sprintf("it is not a duration of at most %d days", maxDays), examples
}

// FormatDuration writes a duration as a manifest has it: 7d, 1d12h, 10m.
func FormatDuration(d time.Duration) string {
	days, rest := "", d%day
	if d >= day {
		days = strconv.FormatInt(int64(d/day), 10) + "d"
	}
	if rest == 0 && days != "" {
		return days
	}
	s := rest.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return days + s
}

// oneOf is the rule of a text that has to be one of a few words.
func oneOf(noun string, words ...string) rule {
	return rule{
		noun:  noun,
		words: words,
		fits: func(s string) bool {
			for _, w := range words {
				if s == w {
					return true
				}
			}
			return false
		},
		fault: func(string) (why, hint string) {
			return "it must be " + strings.Join(words, " or "), ""
		},
	}
}

func isPath(s string) bool {
	why, _ := pathFault(s)
	return why == ""
}

func pathFault(s string) (why, hint string) {
	if why, hint = lineFault(s); why != "" {
		return why, hint
	}
	if len(s) > maxPath {
		return fmt.Sprintf("it is %d bytes long", len(s)), fmt.Sprintf("at most %d are allowed", maxPath)
	}
	return "", ""
}

// isFilter is the rule for a boolean expression of Milvus, which may stand on
// several lines. Whether it means anything is for the server to say.
func isFilter(s string) bool {
	why, _ := filterFault(s)
	return why == ""
}

func filterFault(s string) (why, hint string) {
	if strings.TrimSpace(s) == "" {
		return "it is empty", `a filter that all rows pass is written as a comparison, such as id >= 0`
	}
	if len(s) > maxText {
		return fmt.Sprintf("it is %d bytes long", len(s)), fmt.Sprintf("at most %d are allowed", maxText)
	}
	return printableFault(s, "\n\t")
}

// printableFault refuses what cannot be seen, but for the characters of more,
// and a variable that only the values of others put together: written out
// again, it would be taken for one.
func printableFault(s, more string) (why, hint string) {
	for i, r := range s {
		if !unicode.IsPrint(r) && !strings.ContainsRune(more, r) {
			return fmt.Sprintf("character %d (%q) is not printable", utf8.RuneCountInString(s[:i])+1, r), ""
		}
	}
	if strings.Contains(s, "${") {
		return "it has a ${ that comes from a variable", "the value of a variable is not looked at again"
	}
	return "", ""
}

// isPattern is the rule of a pattern for collection names: their characters
// and *, which stands for any number of them. One without either would match
// one name, or everything there is.
func isPattern(s string) bool {
	why, _ := patternFault(s)
	return why == ""
}

func patternFault(s string) (why, hint string) {
	if why, hint = edgeFault(s); why != "" {
		return why, hint
	}
	const patternHint = "a pattern has the characters of a name, and * for any number of them"
	for i := range len(s) {
		if s[i] != '*' && !nameByte(s[i], i) {
			r, _ := utf8.DecodeRuneInString(s[i:])
			return fmt.Sprintf("character %d (%q) is not allowed", i+1, r), patternHint
		}
	}
	switch {
	case len(s) > MaxName:
		return fmt.Sprintf("it is %d characters long", len(s)), fmt.Sprintf("at most %d are allowed", MaxName)
	case !strings.Contains(s, "*"):
		return "it has no *", patternHint
	case strings.Trim(s, "*") == "":
		return "it would match every collection", "write what their names have in common: products_v*"
	}
	return "", ""
}

// matches reports whether a name is one of those that a pattern stands for.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
