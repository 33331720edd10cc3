package manifest

import (
	"fmt"
	"slices"
)

// The part of the format that is about cutovers.

const (
	verifyAbout = "how often in a row each --verify-uri has to answer with the new collection after the switch; true for 3 times"

	releaseFirstAbout = "whether the collection is released from memory before it is dropped"
)

// The fields of defaults: the shared ones, then those of retired collections.
const (
	defaultsReleaseFirst = sharedFieldCount
	defaultsFieldCount   = sharedFieldCount + 1
)

var defaultsShape = &shape{forms: mapping, none: "{}", fields: append(slices.Clone(sharedFields), field{
	name: "release_first", shape: releaseFirstShape,
	about: releaseFirstAbout,
})}

// requireShape has the checks in the order of CheckNames.
var requireShape = &shape{forms: mapping, none: "{}", fields: []field{
	{
		name: string(Exists), shape: checkShape,
		about: "the collection is there",
	},
	{
		name: string(Loaded), shape: checkShape,
		about: "the collection is loaded",
	},
	{
		name: string(Indexed), shape: checkShape,
		about: "every vector field has a finished index without pending rows",
	},
	{
		name: string(Rows), shape: exactRowsShape,
		about: "exactly the number of rows",
	},
	{
		name: string(MinRows), shape: minRowsShape,
		about: "the least number of rows",
	},
	{
		name: string(RowsWithin), shape: rowsWithinShape,
		about: "how far the number of rows may be from that of the collection that the alias leaves, such as 5%",
	},
	{
		name: string(Dimension), shape: dimensionShape,
		about: "the dimension of every vector field that has one, or of the field that the long form names",
	},
	{
		name: string(Metric), shape: metricShape,
		about: "the metric of the index of every vector field, such as COSINE, or of the field that the long form names",
	},
	{
		name: string(IndexType), shape: indexTypeShape,
		about: "the type of the index of every vector field, such as HNSW, or of the field that the long form names",
	},
	{
		name: string(Fields), shape: fieldsShape,
		about: "the names of all fields, in any order",
	},
	{
		name: string(SameSchema), shape: checkShape,
		about: "fields, types, dimensions, metrics, primary key and dynamic field are those of the collection that the alias leaves",
	},
	{
		name: string(SameGrants), shape: sameGrantsShape,
		about: "every role that may read the collection that the alias leaves may read this one",
	},
}}

// requireCount is how many checks `require` has.
const requireCount = 12

const unknownAbout = "what it means when the server cannot answer: fail, which is the default, or allow"

// The fields of the long form of a check: of all of them, and the value of the
// one that has a value.
const (
	checkUnknown = iota
	checkValue
	checkField
	checkFieldCount
)

var (
	checkShape = &shape{forms: boolean | mapping, none: "false", fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
	}}
	sameGrantsShape = &shape{forms: boolean | mapping, none: "false", fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue: {
			name: "alias_grants", shape: &shape{forms: text, rule: aliasGrants},
			about: "what a grant on the name of the alias does at a switch, when it is not known by the version of the server: follow the alias, or stay with the collection, which is the default from 2.6 on",
		},
	}}
	minRowsShape = &shape{forms: number | boolean | mapping, rule: rowCount, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: "rows", shape: rowsShape, required: true, about: "the least number of rows"},
	}}
	exactRowsShape = &shape{forms: number | boolean | mapping, rule: rowCount, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: "rows", shape: rowsShape, required: true, about: "the number of rows"},
	}}
	dimensionShape = &shape{forms: number | boolean | mapping, rule: dimensionCount, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: "dimension", shape: &shape{forms: number, rule: dimensionCount}, required: true, about: "the dimension"},
		checkField:   {name: "field", shape: fieldNameShape, about: checkFieldAbout},
	}}
	metricShape    = wordCheck("metric", metricName)
	indexTypeShape = wordCheck("index_type", indexTypeName)
	fieldsShape    = &shape{forms: list | boolean | mapping, each: fieldItemShape, least: 1, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: "fields", shape: &shape{forms: list, each: fieldItemShape, least: 1}, required: true, about: "the names of all fields"},
	}}
	fieldItemShape  = &shape{forms: text, rule: anyField}
	rowsWithinShape = &shape{forms: text | boolean | mapping, rule: percentage, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: "percent", shape: percentShape, required: true, about: "the most that the numbers of rows may differ by, such as 5%"},
	}}
)

const checkFieldAbout = "the vector field; when left out, every one"

// wordCheck is the shape of a check by a word of Milvus.
func wordCheck(name string, r rule) *shape {
	return &shape{forms: text | boolean | mapping, rule: r, none: "false", offOnly: true, fields: []field{
		checkUnknown: {name: "unknown", shape: unknownShape, about: unknownAbout},
		checkValue:   {name: name, shape: &shape{forms: text, rule: r}, required: true, about: "the word of Milvus for it, in any case"},
		checkField:   {name: "field", shape: fieldNameShape, about: checkFieldAbout},
	}}
}

// defaultConfirmations is what `verify: true` means.
const defaultConfirmations = 3

var verifyShape = &shape{forms: number | boolean | mapping, rule: confirmations, none: "false", fields: []field{
	{
		name: "confirmations", shape: confirmationsShape, required: true,
		about: "how often in a row each --verify-uri has to answer with the new collection",
	},
}}

var loadShape = &shape{forms: boolean | mapping, none: "false", fields: []field{
	{
		name: "timeout", shape: durationShape,
		about: "the longest that the load may take, such as 30m",
	},
}}

// The fields of a canary, by their place in canaryShape.
const (
	canaryQuery = iota
	canarySearch
	canaryMaxLatency
	canaryFieldCount
)

var canaryShape = &shape{forms: mapping | boolean, none: "false", offOnly: true, choice: true, fields: []field{
	canaryQuery:      {name: "query", shape: queryShape, about: "reads rows by a filter"},
	canarySearch:     {name: "search", shape: searchShape, about: "searches for a vector"},
	canaryMaxLatency: {name: "max_latency", shape: durationShape, about: "the longest that an answer may take, such as 500ms"},
}}

// The fields of a query, by their place in queryShape and in searchShape, and
// those that only a search has.
const (
	queryFilter = iota
	queryLimit
	queryOutputFields
	queryFieldCount

	searchVector     = queryFieldCount
	searchField      = queryFieldCount + 1
	searchFieldCount = queryFieldCount + 2
)

// defaultLimit is how many rows a canary reads and golden queries compare when
// they do not say it.
const defaultLimit = 10

var (
	limitAbout = fmt.Sprintf("how many rows are read; when left out, %d", defaultLimit)

	queryShape = &shape{forms: mapping, fields: []field{
		queryFilter:       {name: "filter", shape: filterShape, required: true, about: "the boolean expression that the rows pass"},
		queryLimit:        {name: "limit", shape: limitShape, about: limitAbout},
		queryOutputFields: {name: "output_fields", shape: outputFieldsShape, about: "the fields that are compared"},
	}}
	searchShape = &shape{forms: mapping, fields: []field{
		queryFilter:       {name: "filter", shape: filterShape, about: "a boolean expression that the rows have to pass"},
		queryLimit:        {name: "limit", shape: limitShape, about: limitAbout},
		queryOutputFields: {name: "output_fields", shape: outputFieldsShape, about: "the fields that are compared"},
		searchVector:      {name: "vector", shape: vectorShape, required: true, about: "what to search for"},
		searchField:       {name: "field", shape: fieldNameShape, about: "the vector field; when left out, the only one"},
	}}
)

// The fields of golden queries, by their place in goldenShape.
const (
	goldenFile = iota
	goldenField
	goldenLimit
	goldenMinOverlap
	goldenMaxLatencyRatio
	goldenFieldCount
)

// defaultMinOverlap is what golden queries ask for when they do not say it.
const defaultMinOverlap = 0.8

var goldenShape = &shape{forms: mapping | boolean, none: "false", offOnly: true, fields: []field{
	goldenFile: {
		name: "file", shape: filePathShape, required: true,
		about: "the queries, one a line: a JSON array, or an object with vector and perhaps filter, params and ids; the path starts at the directory of the manifest",
	},
	goldenField: {
		name: "field", shape: fieldNameShape,
		about: "the vector field; when left out, the only one",
	},
	goldenLimit: {
		name: "limit", shape: limitShape,
		about: fmt.Sprintf("how many results of each query are compared; when left out, %d", defaultLimit),
	},
	goldenMinOverlap: {
		name: "min_overlap", shape: shareShape,
		about: fmt.Sprintf("the least share of the results that both collections give, from 0 to 1; when left out, %v", defaultMinOverlap),
	},
	goldenMaxLatencyRatio: {
		name: "max_latency_ratio", shape: ratioShape,
		about: "the most times as long that the new collection may take; when left out, there is no limit",
	},
}}

// The fields of keep, by their place in keepShape.
const (
	keepCount = iota
	keepOrder
	keepAfter
	keepFieldCount
)

var (
	groupShape         = &shape{forms: text | boolean, rule: groupName, offOnly: true}
	grantsShape        = &shape{forms: text | boolean, rule: grantsWord, none: "false", offOnly: true}
	onFailureShape     = &shape{forms: text, rule: onFailure}
	unknownShape       = &shape{forms: text, rule: unknownWord}
	rowsShape          = &shape{forms: number, rule: rowCount}
	percentShape       = &shape{forms: text, rule: percentage}
	confirmationsShape = &shape{forms: number, rule: confirmations}
	durationShape      = &shape{forms: text, rule: duration}
	releaseFirstShape  = &shape{forms: boolean}
	keepDataShape      = &shape{forms: boolean}
	limitShape         = &shape{forms: number, rule: readLimit}
	filterShape        = &shape{forms: text, rule: filterText}
	fieldNameShape     = &shape{forms: text, rule: fieldName}
	outputFieldsShape  = &shape{forms: list, each: &shape{forms: text, rule: outputField}, none: "[]"}
	vectorShape        = &shape{forms: list, each: coordinateShape, least: 1, most: maxDimension}
	coordinateShape    = &shape{forms: number, rule: coordinate}
	filePathShape      = &shape{forms: text, rule: filePath}
	shareShape         = &shape{forms: number, rule: share}
	ratioShape         = &shape{forms: number, rule: ratio}
	keepShape          = &shape{forms: number | boolean | mapping, rule: keptCount, none: "false", offOnly: true, fields: []field{
		keepCount: {
			name: "count", shape: keptCountShape, required: true,
			about: "how many older collections stay",
		},
		keepOrder: {
			name: "order", shape: orderShape,
			about: "what older means: natural, by the version in the name, or created, by when the collection was made; when left out, that of newest, else natural",
		},
		keepAfter: {
			name: "after", shape: durationShape,
			about: "how long a collection has to be without any alias before it is dropped, such as 24h or 7d",
		},
	}}
	keptCountShape = &shape{forms: number, rule: keptCount}
	matchShape     = &shape{forms: text, rule: namePattern}
)
