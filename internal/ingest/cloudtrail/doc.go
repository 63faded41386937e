// Package cloudtrail reads what AWS CloudTrail logged as events.
//
// It reads the forms in which people have it: log files as delivered to S3
// ({"Records":[…]}), answers of LookupEvents ({"Events":[{"CloudTrailEvent":…}]}),
// events of EventBridge ({"detail":{…}}), and records one after the other, as
// JSON lines or not. Each can be compressed with gzip. The source of the fields
// is "CloudTrail record contents" of the AWS CloudTrail User Guide, versions
// 1.05 to 1.11 of the record.
//
// An event that was imported says what AWS says. AWS has verified the signature
// of the call, and Gatebook has not: its level is that of an assertion over a
// trusted hop. CloudTrail knows times to the second, and only one for each
// call: the event arrived and was complete at it.
package cloudtrail
