// The API's types by the names that the pages use. types.ts is generated.

import type * as T from './types'

export type Problem = Omit<T.ApiProblem, 'help'> & { help?: string }
export type Health = T.ApiHealth
export type Check = T.ApiCheck
export type Field = T.ApiField
export type TailItem = T.ApiTailItem
export type Checkpoint = T.ApiCheckpoint

export type Entry = T.ReadingRecord
export type BadRecord = T.ReadingProblem
export type Detail = T.ReadingDetail
export type Proof = T.ReadingProof
export type Meta = T.ReadingMeta
export type Result = T.ReadingResult
export type Facets = T.ReadingFacets
export type Histogram = T.ReadingHistogram
export type Looks = T.ReadingLooks

export type Header = T.EventHeader
export type Message = T.EventMessage
export type Body = T.EventBody

export type Setup = T.ApiSetup
export type SetupRoute = T.ApiSetupRoute
export type Sources = T.ApiSources
export type SourceState = T.ApiSourceState
export type EdgeState = T.ApiEdgeState
export type Storage = T.StorageUsage
export type Me = T.ApiMe

export type VerifyItem = T.ApiVerifyItem
export type VerifyReport = T.ApiReport
export type VerifyFault = T.ApiVerifyFault
export type Retention = T.ErasureRetention
export type Hold = T.ApiHold
export type Selection = T.ApiSelection
export type EraseRequest = T.ApiEraseRequest
export type EraseItem = T.ApiEraseItem
export type ErasePlan = T.ErasurePlan
export type EraseResult = T.ErasureResult

export type Value = T.DetectValue
export type Findings = T.AlertFindings
export type Measure = T.ActMeasure
export type NewMeasure = T.ApiNewMeasure
export type Preview = T.ActPreview
export type Provider = T.RevokeProviderStatus
export type Revocation = T.RevokeRevocation
export type NewRevocation = T.ApiNewRevocation
export type Receiver = T.DeliverStatus
export type ReceiverTest = T.ApiReceiverTest
export type Delivery = T.DeliverDelivery

export type Account = T.PeopleAccount
export type AccountMade = T.ApiAccountMade
export type SignInLink = T.ApiSignInLink
export type SessionListed = T.ApiSessionListed
export type Reader = T.ApiReader
export type ReaderToken = T.ApiReaderToken
export type ApiKey = T.ApiKey
export type KeySecret = T.ApiKeySecret
export type Incident = T.AlertIncident
export type Incidents = T.AlertIncidents
export type IncidentEntry = T.AlertEntry
export type IncidentStep = T.ApiIncidentStep
export type Story = T.AlertStory
export type StoryFinding = T.AlertStoryFinding
export type Explanation = T.AlertExplanation
export type RuleState = T.AlertRuleState
export type Silence = T.AlertSilence
export type NewSilence = T.ApiNewSilence

export type SavedSearch = T.SavedSearch
export type SavedEntry = T.SavedEntry

export type Backtest = T.ApiBacktest
export type BacktestItem = T.ApiBacktestItem
export type BacktestResult = T.AlertTriedResult
export type BacktestProgress = T.AlertTriedProgress
export type Finding = T.DetectFinding
export type RuleText = T.AlertRuleText
