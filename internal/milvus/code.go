package milvus

import (
	"strings"

	"aliasctl/executor"
)

// What a code of Milvus means for a write that was answered with it. These are
// the codes of 2.2 to 3.0 (milvus-rest section 2.1) that can answer a call of
// this package.
//
// Codes are coarse, and they move: from 2.6.19 on, 1100 and 1601 stand where
// 65535 did. So a code shows only whether the call can have happened; which
// refusal it is stands in the message, for people. Under the codes that moved, and
// under 65535, which stands for whatever has no code, the message counts as well:
// only words that are known to refuse do (worded). A code that is not listed is
// one of a newer server, and so are words that nobody has recorded: nothing is
// concluded from them, and the cluster is read.
//
// situation_test.go holds every recorded failure against this table.
var codes = map[int]executor.Class{
	// The server is busy or starting: the call was not begun.
	codeNotReady:    executor.Transient,
	codeUnavailable: executor.Transient,
	codeQueueFull:   executor.Transient,
	codeRateLimit:   executor.Transient,
	codeNoResource:  executor.Transient,

	// A limit or a setting of the operator refuses it before it begins.
	3: executor.Refused, 6: executor.Refused, 7: executor.Refused,
	9: executor.Refused, 10: executor.Refused, 11: executor.Refused,

	// What the call names is not there, or not as the call needs it.
	CodeCollectionNotFound: executor.Refused,
	codeNotLoaded:          executor.Refused,
	102:                    executor.Refused, // too many collections
	103:                    executor.Refused, // not fully loaded
	104:                    executor.Refused, // loaded with other parameters
	105:                    executor.Refused, // schema
	106:                    executor.Refused, // recovering
	107:                    executor.Refused,
	108:                    executor.Refused, // replicating
	109:                    executor.Refused,
	codeIndexNotFound:      executor.Refused,
	701:                    executor.Refused,
	702:                    executor.Refused,
	703:                    executor.Refused,
	CodeDatabaseNotFound:   executor.Refused,
	801:                    executor.Refused,
	802:                    executor.Refused, // its name
	codeInvalid:            executor.Refused,
	1101:                   executor.Refused, // a missing parameter
	CodeAliasNotFound:      executor.Refused,
	CodeAliasIsCollection:  executor.Refused,
	CodeAliasTaken:         executor.Refused,
	1603:                   executor.Refused, // its collection's id

	// The request was not understood.
	1801: executor.Refused, 1802: executor.Refused, 1803: executor.Refused,
	1804: executor.Refused, 1805: executor.Refused, 1806: executor.Refused,

	// Begun, and not seen to end.
	codeInternal: executor.Unknown,
	codeCanceled: executor.Unknown,
	codeTimeout:  executor.Unknown,
}

// classOfCode is the class of a failure of Milvus that is no lack of a login or
// a privilege. The message decides where the code is not enough.
func classOfCode(code int, message string) executor.Class {
	switch code {
	case codeLimiter:
		if notARate().MatchString(message) {
			return executor.Refused
		}
		return executor.Transient
	case codeUnexpected:
		if worded(code, message) {
			return executor.Refused
		}
		return executor.Unknown
	}
	if class, known := codes[code]; known && worded(code, message) {
		return class
	}
	return executor.Unknown
}

// worded reports that the words of a message are those of a refusal, where the code
// alone is none: Milvus wrote before it began, or took back, what it was asked for.
// What is without a code may also be a step that failed after the metadata was
// changed, like telling every proxy.
func worded(code int, message string) bool {
	switch code {
	case codeUnexpected:
		return !lostInside().MatchString(message) && refusals().MatchString(message)
	case codeInvalid:
		return strings.Contains(message, "invalid parameter") || refusals().MatchString(message)
	case CodeAliasIsCollection:
		return strings.Contains(message, "conflict") || refusals().MatchString(message)
	}
	return true
}

// refusals are the words of refusals that had no code of their own on some version.
// All but the one of etcd, which refuses a transaction whole, are recorded in
// testdata/transcripts.
var refusals = pattern(`cannot drop the collection via alias|has associated aliases \[|conflicts with an existing alias|` +
	`(cannot rename collection to an existing alias|unsupported use an alias to rename collection)|` +
	`duplicated new collection name|fail to rename db name|collection name or database name should be different|` +
	`create duplicate collection with different parameters|collection not loaded|there is no vector index on field|` +
	`database already exist|not empty, must drop all collections|can not drop default database|target database\S* .*not found|` +
	`can not operate the (built-in|custom) privilege group|privilege group \[.*\] is used by role|there is no privilege name or privilege group name|` +
	`not found the (privilege name|role)|the role .* does not exist|role \[.*\] already exists|fail to drop the role that it has privileges|` +
	`etcdserver: too many operations in txn request`)

// unseen reports that no recorded server, and no source that was read, has a code.
func unseen(code int) bool {
	_, known := codes[code]
	switch code {
	case codeLimiter, codeUnexpected, codeUnauthenticated, codeNotLoggedIn, codeNotPermitted:
		known = true
	}
	return !known
}
