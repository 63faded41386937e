// Generated from docs/openapi.json. Do not edit:
// go test ./internal/api -run TestOpenAPI -update

export interface ActMeasure {
  answer_by?: string;
  approved?: string;
  burst?: number;
  by?: string;
  calls?: number;
  decision: number;
  dry_run?: boolean;
  ended?: string;
  ended_by?: string;
  ending?: number;
  /** nanoseconds */
  for?: number;
  id: string;
  incident?: string;
  kind: string;
  rate?: number;
  reason?: string;
  rule?: string;
  since: string;
  state: string;
  subject: string;
  until?: string;
  why?: string;
  wide?: boolean;
}

export interface ActPreview {
  approval?: string;
  apps: number;
  calls: number;
  counts: ReadingFacet[];
  from: string;
  last: ReadingRecord[];
  meta: ReadingMeta;
  most: boolean;
  people: number;
  problems: ReadingProblem[];
  query: string;
  refused?: string;
  subject: string;
}

export interface AlertEntry {
  assignee?: string;
  at: string;
  by?: string;
  decision?: number;
  erased?: boolean;
  findings?: string[];
  severity?: string;
  state?: string;
  text?: string;
  what: string;
}

export interface AlertExplanation {
  act?: string[];
  check?: string[];
  description?: string;
  falsepositives?: string[];
  finding: DetectFinding;
  found: string;
  incident?: string;
  standing: string;
}

export interface AlertFindings {
  findings: LiveKept[];
  next?: string;
}

export interface AlertIncident {
  assignee?: string;
  at: string;
  changed: string;
  decision: number;
  entity: DetectValue[];
  erased?: boolean;
  events: number;
  findings: number;
  from: string;
  id: string;
  opened: string;
  response?: string[];
  risk: number;
  rules: string[];
  sequence: number;
  severity: string;
  state: string;
  tags?: string[];
  title: string;
}

export interface AlertIncidents {
  counts: { [key: string]: number };
  incidents: AlertIncident[];
}

export interface AlertNotice {
  api: string;
  assignee?: string;
  at: string;
  by?: string;
  change: string;
  decision?: number;
  entity: DetectValue[];
  findings: DetectFinding[];
  found: string;
  from: string;
  id: string;
  incident: string;
  link?: string;
  more?: number;
  reason?: string;
  response?: string[];
  risk: number;
  rules: string[];
  seen?: string;
  sequence: number;
  severity: string;
  state: string;
  tags?: string[];
  test?: boolean;
  title: string;
  was?: string;
}

export interface AlertRuleState {
  /** nanoseconds */
  cost?: number;
  disabled?: boolean;
  file: string;
  findings: number;
  id: string;
  inactive?: boolean;
  kind?: string;
  last?: string;
  level: string;
  name: string;
  status: string;
  title: string;
}

export interface AlertRuleText {
  file: string;
  name: string;
  text: string;
}

export interface AlertSilence {
  by: string;
  decision: number;
  ended?: string;
  entity?: string;
  from: string;
  id: string;
  last?: string;
  level: string;
  quiet: number;
  reason: string;
  rule?: string;
  until: string;
}

export interface AlertStory {
  events: AlertStoryEvent[];
  findings: AlertStoryFinding[];
  incident: AlertIncident;
  log: AlertEntry[];
}

export interface AlertStoryEvent {
  findings: string[];
  id: string;
  number: number;
}

export interface AlertStoryFinding {
  at: string;
  count: number;
  entity: DetectValue[];
  events: DetectRef[];
  from: string;
  id: string;
  level: string;
  response?: string[];
  risk: DetectRisk;
  rule: string;
  ruleId: string;
  standing: string;
  tags?: string[];
  terms: DetectTerm[];
  title: string;
}

export interface AlertTriedAbout {
  count: number;
  entity: DetectValue[];
}

export interface AlertTriedProgress {
  at: string;
  events: number;
  findings: number;
}

export interface AlertTriedResult {
  about: AlertTriedAbout[];
  complete: boolean;
  entities: number;
  events: number;
  findings: number;
  level: string;
  note?: string;
  rule: string;
  suppressed: number;
  title: string;
}

export interface ApiAccountChange {
  disabled?: boolean;
  password?: string;
  role?: string;
}

export interface ApiAccountMade {
  account: PeopleAccount;
  link?: ApiSignInLink;
}

export interface ApiBacktest {
  from?: string;
  query?: string;
  rule?: string;
  text?: string;
  to?: string;
}

export interface ApiBacktestItem {
  finding?: DetectFinding;
  problem?: ApiProblem;
  progress?: AlertTriedProgress;
  result?: AlertTriedResult;
}

export interface ApiCheck {
  detail?: string;
  name: string;
  ok: boolean;
  required: boolean;
}

export interface ApiCheckpoint {
  cosigned?: ApiCosigned;
  key: string;
  origin: string;
  root: string;
  signed: string;
  size: number;
}

export interface ApiCosigned {
  at: string;
  names: string[];
  size: number;
}

export interface ApiEdgeState {
  events: number;
  joined?: string;
  lag: number;
  lost: number;
  name: string;
  newest?: string;
  received?: string;
}

export interface ApiEraseItem {
  plan?: ErasurePlan;
  problem?: ApiProblem;
  progress?: ApiProgress;
  result?: ErasureResult;
}

export interface ApiEraseRequest {
  all_identities?: boolean;
  classes?: string[];
  dry_run?: boolean;
  events?: string[];
  except_held?: boolean;
  from?: string;
  mentions?: boolean;
  objects?: string[];
  principals?: string[];
  query?: string;
  request?: string;
  to?: string;
}

export interface ApiField {
  doc: string;
  list: boolean;
  name: string;
  part: string;
  personal: boolean;
  type: string;
}

export interface ApiHealth {
  checks: ApiCheck[];
  status: string;
}

export interface ApiHold {
  decision: number;
  id: string;
  name: string;
  reason?: string;
  selection: ApiSelection;
  since: string;
}

export interface ApiIncidentStep {
  assignee?: string;
  do: string;
  note?: string;
}

export interface ApiKey {
  created: string;
  expires?: string;
  id: string;
  kind: string;
  name: string;
  revoked?: string;
  scopes?: string[];
}

export interface ApiKeySecret {
  key: ApiKey;
  secret: string;
}

export interface ApiMe {
  actions: string[];
  fresh_until?: string;
  name?: string;
  reasons: string[];
  role?: string;
  session?: PeopleSession;
  set_password?: boolean;
  sign_in: ApiSignIn;
  signed_in: boolean;
  version: string;
}

export interface ApiNewAccount {
  name: string;
  password?: string;
  role: string;
}

export interface ApiNewHold {
  all_identities?: boolean;
  events?: string[];
  from?: string;
  name: string;
  objects?: string[];
  principals?: string[];
  query?: string;
  to?: string;
}

export interface ApiNewKey {
  expires?: string;
  kind?: string;
  name: string;
  scopes?: string[];
}

export interface ApiNewMeasure {
  burst?: number;
  dry_run?: boolean;
  /** nanoseconds */
  for?: number;
  force?: boolean;
  incident?: string;
  kind: string;
  propose?: boolean;
  rate?: number;
  subject: string;
}

export interface ApiNewReader {
  expires?: string;
  name: string;
  role: string;
}

export interface ApiNewRevocation {
  again?: boolean;
  fingerprint?: string;
  incident?: string;
  propose?: boolean;
  provider?: string;
  token?: string;
  token_type?: string;
  user?: string;
}

export interface ApiNewSilence {
  entity?: string;
  for: string;
  level?: string;
  rule?: string;
}

export interface ApiPasswordChange {
  current?: string;
  password: string;
}

export interface ApiProblem {
  detail: string;
  help?: string;
  line?: number;
  position?: number;
  query?: string;
  status: number;
  title: string;
  type: string;
}

export interface ApiProgress {
  done: number;
  total: number;
}

export interface ApiReader {
  created: string;
  expires?: string;
  id: string;
  last_used?: string;
  name: string;
  revoked?: string;
  role: string;
}

export interface ApiReaderToken {
  reader: ApiReader;
  token: string;
}

export interface ApiReceiverTest {
  answer?: string;
  error?: string;
  ok: boolean;
}

export interface ApiReport {
  checkpoint: number;
  clock: ApiVerifyClock[];
  envelopes: number;
  key: string;
  losses: ApiVerifyLoss[];
  notes: string[];
  ok: boolean;
  origin: string;
  problems: ApiVerifyFault[];
  size: number;
  /** nanoseconds */
  took: number;
  unreadable: ApiVerifyFault[];
}

export interface ApiReportKind {
  about: string;
  name: string;
}

export interface ApiSelection {
  all_identities?: boolean;
  events?: string[];
  from?: string;
  objects?: string[];
  principals?: string[];
  query?: string;
  to?: string;
}

export interface ApiSessionListed {
  account?: string;
  address?: string;
  agent?: string;
  began: string;
  current?: boolean;
  expires: string;
  id: string;
  idle: string;
  method: string;
  name: string;
  role: string;
  seen: string;
}

export interface ApiSetup {
  identity: string[];
  listeners: ApiSetupListener[];
  routes: ApiSetupRoute[];
}

export interface ApiSetupListener {
  name: string;
  url: string;
}

export interface ApiSetupRoute {
  fault?: string;
  fix?: string;
  hosts?: string[];
  listeners?: string[];
  name: string;
  path: string;
  reachable: boolean;
  upstream: string;
}

export interface ApiSignIn {
  first: boolean;
  min_password: number;
  oidc?: string;
  passwords: boolean;
}

export interface ApiSignInLink {
  expires: string;
  url: string;
}

export interface ApiSignInRequest {
  link?: string;
  name?: string;
  password?: string;
}

export interface ApiSignedOut {
  url?: string;
}

export interface ApiSourceState {
  behind: number;
  events: number;
  file: string;
  form?: string;
  lag: number;
  last?: string;
  lost?: string[];
  name: string;
  problem?: string;
  problems?: IngestProblem[];
  read?: string;
  skipped: number;
}

export interface ApiSources {
  edges: ApiEdgeState[];
  sources: ApiSourceState[];
}

export interface ApiTailItem {
  event?: ReadingRecord;
  passed?: ReadingPassed;
  problem?: ReadingProblem;
}

export interface ApiVerifyClock {
  from: string;
  record: number;
  to?: string;
  what: string;
}

export interface ApiVerifyFault {
  file: string;
  what: string;
  where?: string;
}

export interface ApiVerifyItem {
  problem?: ApiProblem;
  progress?: ApiProgress;
  report?: ApiReport;
}

export interface ApiVerifyLoss {
  count: number;
  edge?: string;
  from: string;
  reason: string;
  record: number;
  to: string;
}

export interface ApiVerifyRequest {
  decode?: boolean;
  key?: string;
  since?: string[];
  skip_envelopes?: boolean;
}

export interface ApiOtlpAnswer {
  partialSuccess?: StructRejectedSpansStringJsonRejectedSpansOmitemptyRejectedLogRecordsStringJsonRejectedLogRecordsOmitemptyErrorMessageStringJsonErrorMessageOmitempty;
}

export interface CatalogApp {
  callers: CatalogDistinct;
  count: number;
  data?: { [key: string]: CatalogTally };
  first: string;
  id: string;
  issuers?: { [key: string]: CatalogSeen };
  last: string;
  objects?: { [key: string]: CatalogSeen };
  operations?: { [key: string]: CatalogSeen };
  out: number;
  records: number;
  scopes: CatalogScopeUse;
}

export interface CatalogChange {
  api?: string;
  count: number;
  first: string;
  id: string;
  kind: string;
  last: string;
  new: boolean;
  what?: string;
}

export interface CatalogDeviation {
  api: string;
  count: number;
  detail: string;
  first: string;
  id: string;
  kind: string;
  last: string;
}

export interface CatalogDistinct {
  count: number;
  estimated?: boolean;
}

export interface CatalogDropped {
  apps?: number;
  callers?: number;
  credentials?: number;
  operations?: number;
}

export interface CatalogOperation {
  action?: string;
  api: string;
  apps?: { [key: string]: CatalogSeen };
  basis?: string;
  callers: CatalogDistinct;
  count: number;
  data?: { [key: string]: CatalogTally };
  first: string;
  hosts?: { [key: string]: CatalogSeen };
  id: string;
  in: number;
  kinds?: { [key: string]: CatalogSeen };
  last: string;
  levels?: { [key: string]: CatalogSeen };
  method?: string;
  name?: string;
  objects?: { [key: string]: CatalogSeen };
  open: CatalogSeen;
  out: number;
  protocol: string;
  received?: { [key: string]: CatalogTally };
  records: number;
  requires?: string;
  route?: string;
  sample: number;
  sampled?: boolean;
  scopes?: string[];
  statuses?: { [key: string]: CatalogSeen };
  success: CatalogSeen;
  type?: string;
  types?: { [key: string]: CatalogSeen };
  version?: string;
}

export interface CatalogScopeUse {
  calls: number;
  granted?: { [key: string]: CatalogSeen };
  judged: number;
  needed?: { [key: string]: CatalogSeen };
}

export interface CatalogSeen {
  count: number;
  first: string;
  last: string;
}

export interface CatalogStatus {
  calls: number;
  dropped: CatalogDropped;
  first: string;
  last: string;
  next: number;
}

export interface CatalogTally {
  count: number;
  first: string;
  last: string;
  values: number;
}

export interface DeliverDelivery {
  attempts: number;
  change: string;
  created: string;
  due?: string;
  ended?: string;
  error?: string;
  id: number;
  in?: number;
  incident?: string;
  message: string;
  receiver: string;
  severity: string;
  state: string;
}

export interface DeliverStatus {
  dead: number;
  delivered: number;
  detail: string;
  error?: string;
  failing?: string;
  failures: number;
  kind: string;
  lastDelivered?: string;
  minSeverity?: string;
  name: string;
  oldest?: string;
  pending: number;
}

export interface DeliveryClassify {
  fields?: string[];
  max_body: number;
  off?: boolean;
  omit?: string[];
}

export interface DeliveryHeaders {
  email?: string;
  groups?: string;
  peers: string[];
  tenant?: string;
  user?: string;
}

export interface DeliveryIssuer {
  algorithms: string[];
  audiences: string[];
  certificates?: string;
  groups?: string[];
  keys_url?: string;
  name: string;
  /** nanoseconds */
  skew: number;
  tenant?: string;
  /** nanoseconds */
  timeout: number;
  type?: string;
  url: string;
}

export interface DeliveryMeasure {
  burst?: number;
  dry_run?: boolean;
  id: string;
  kind: string;
  rate?: number;
  since: string;
  subject: string;
  until?: string;
}

export interface DeliveryMeasures {
  measures: DeliveryMeasure[];
  protected?: string[];
  version: string;
}

export interface DeliveryRedact {
  cookies?: string[];
  fields?: string[];
  headers?: string[];
  keep?: string[];
  query?: string[];
}

export interface DeliverySettings {
  classify: DeliveryClassify;
  edge: string;
  issuers: DeliveryIssuer[];
  key: string;
  left?: string[];
  mtls?: boolean;
  origin: string;
  redact: DeliveryRedact;
  trusted_headers?: DeliveryHeaders;
}

export interface DeliveryTaken {
  checkpoint?: string;
  numbers: number[];
}

export interface DetectFinding {
  at: string;
  count: number;
  entity: DetectValue[];
  events: DetectRef[];
  from: string;
  id: string;
  level: string;
  response?: string[];
  risk: DetectRisk;
  rule: string;
  ruleId: string;
  tags?: string[];
  terms: DetectTerm[];
  title: string;
}

export interface DetectRef {
  id: string;
  number: number;
}

export interface DetectRisk {
  points: number;
  total: number;
}

export interface DetectTerm {
  name: string;
  value: string;
  want?: string;
}

export interface DetectValue {
  field: string;
  value: string;
}

export interface ErasureDecided {
  decisions: number;
  envelopes: number;
}

export interface ErasureElsewhere {
  classes: { [key: string]: number };
  events: number;
}

export interface ErasureHeldBy {
  events: number;
  id: string;
  name: string;
}

export interface ErasureIdentity {
  events: number;
  issuer?: string;
  principal: string;
}

export interface ErasureKept {
  classes: string[];
  due: number;
  except?: string[];
  goes?: string;
  /** nanoseconds */
  keep: number;
  next?: string;
  routes?: string[];
}

export interface ErasurePlan {
  below: number;
  elsewhere: ErasureElsewhere;
  envelopes: { [key: string]: number };
  events: number;
  from?: string;
  held: ErasureHeldBy[];
  held_events: number;
  identities: ErasureIdentity[];
  keys?: string[];
  kinds: { [key: string]: number };
  notes?: string[];
  searches?: number;
  to?: string;
}

export interface ErasureResult {
  below: number;
  decisions: number[];
  elsewhere: ErasureElsewhere;
  envelopes: { [key: string]: number };
  events: number;
  from?: string;
  held: ErasureHeldBy[];
  held_events: number;
  identities: ErasureIdentity[];
  index: string;
  keys?: string[];
  kinds: { [key: string]: number };
  notes?: string[];
  searches?: number;
  to?: string;
}

export interface ErasureRetention {
  erased: ErasureDecided;
  every: string;
  expired: ErasureDecided;
  holds: number;
  journal: number;
  last?: string;
  pending: number;
  problem?: string;
  rules: ErasureKept[];
  stored: ErasureStored[];
}

export interface ErasureStored {
  bytes: number;
  class: string;
  files: number;
  newest?: string;
  oldest?: string;
}

export interface EventBody {
  bytes?: number;
  messages?: number;
  truncated?: boolean;
  type?: string;
}

export interface EventCapture {
  durability?: string;
  method?: string;
  route?: string;
  source?: string;
}

export interface EventCommit {
  payload?: string;
  what?: string;
  who?: string;
}

export interface EventCredential {
  algorithm?: string;
  client?: string;
  delegation?: EventDelegate[];
  expires?: string;
  fingerprint?: string;
  key_id?: string;
  method?: string;
  scopes?: string[];
}

export interface EventData {
  class?: string;
  count?: number;
}

export interface EventDelegate {
  id?: string;
  issuer?: string;
}

export interface EventFact {
  name?: string;
  value?: string;
}

export interface EventHeader {
  arrived?: string;
  capture?: EventCapture;
  commit?: EventCommit;
  completed?: string;
  counts?: number[];
  credential?: EventCredential;
  data?: EventData[];
  edge?: string;
  ended?: string;
  id?: string;
  kind?: string;
  lost?: EventLost;
  note?: EventNote;
  objects?: string[];
  operation?: EventOperation;
  outcome?: EventOutcome;
  partial?: boolean;
  principal?: EventPrincipal;
  received?: EventData[];
  records?: number;
  request?: EventBody;
  response?: EventBody;
  seq?: number;
  trace?: EventTrace;
  upstream?: EventUpstream;
  v?: number;
}

export interface EventHeaderLine {
  name?: string;
  value?: string;
}

export interface EventLost {
  count?: number;
  from?: string;
  reason?: string;
  to?: string;
}

export interface EventMessage {
  body?: string;
  encoding?: string;
  headers?: EventHeaderLine[];
  rendered?: string;
  sha256?: string;
  trailers?: EventHeaderLine[];
}

export interface EventNote {
  facts?: EventFact[];
  name?: string;
}

export interface EventObject {
  id?: string;
  type?: string;
}

export interface EventOperation {
  action?: string;
  basis?: string;
  cost?: number;
  count?: number;
  depth?: number;
  host?: string;
  method?: string;
  model?: string;
  name?: string;
  parts?: string[];
  protocol?: string;
  requires?: string;
  route?: string;
  scopes?: string[];
  session?: string;
  tokens?: EventTokens;
  type?: string;
}

export interface EventOutcome {
  decision?: string;
  error?: string;
  measure?: string;
  reason?: string;
  rpc_status?: string;
  status?: number;
}

export interface EventPayload {
  original?: string;
  request?: EventMessage;
  response?: EventMessage;
}

export interface EventPrincipal {
  id?: string;
  issuer?: string;
  kind?: string;
  level?: number;
  reason?: string;
}

export interface EventTLS {
  certificate?: string;
  cipher?: string;
  ja4?: string;
  protocol?: string;
  server_name?: string;
  subject?: string;
  version?: string;
}

export interface EventTokens {
  in?: number;
  out?: number;
}

export interface EventTrace {
  id?: string;
  parent?: string;
}

export interface EventUpstream {
  /** nanoseconds */
  first?: number;
  /** nanoseconds */
  sent?: number;
}

export interface EventWhat {
  asked?: number;
  objects?: EventObject[];
  path?: string;
  properties?: string[];
  query?: string;
  targets?: string[];
}

export interface EventWho {
  address?: string;
  chain?: string[];
  claimed?: string;
  email?: string;
  forwarded?: string[];
  groups?: string[];
  name?: string;
  peer?: string;
  subject?: string;
  tenant?: string;
  tls?: EventTLS;
  user_agent?: string;
}

export interface IngestProblem {
  line: number;
  reason: string;
}

export interface IngestResult {
  checked: boolean;
  events: number;
  first?: string;
  form?: string;
  known: number;
  last?: string;
  problems?: IngestProblem[];
  skipped?: number;
}

export interface LiveKept {
  epoch: number;
  finding: DetectFinding;
  found: string;
  place?: number;
  standing: string;
}

export interface OperationChange {
  do: string;
  from?: string[];
  name?: string;
  route: string;
  template: string;
}

export interface OperationListed {
  basis: string;
  first?: string;
  methods?: string[];
  name?: string;
  objects?: string[];
  replaced?: string;
  route: string;
  template: string;
}

export interface PeopleAccount {
  created: string;
  disabled?: boolean;
  id: string;
  invited?: boolean;
  issuer?: string;
  name: string;
  role: string;
  signed_in?: string;
}

export interface PeopleSession {
  account?: string;
  address?: string;
  agent?: string;
  began: string;
  expires: string;
  id: string;
  idle: string;
  method: string;
  name: string;
  role: string;
  seen: string;
}

export interface ReadingApps {
  apps: CatalogApp[];
  inventory: ReadingInventory;
}

export interface ReadingBucket {
  count: number;
  group?: string;
  start: string;
}

export interface ReadingCallers {
  callers: ReadingNamedCaller[];
  inventory: ReadingInventory;
}

export interface ReadingCandidate {
  calls: number;
  kind: string;
  last: string;
  name?: string;
  subject: string;
}

export interface ReadingCandidates {
  asked: string;
  candidates: ReadingCandidate[];
  from: string;
  meta: ReadingMeta;
  total: number;
}

export interface ReadingCount {
  count: number;
  value: string;
}

export interface ReadingCredentials {
  credentials: ReadingPrivilege[];
  inventory: ReadingInventory;
}

export interface ReadingDetail {
  note?: string;
  proof?: ReadingProof;
  record: ReadingRecord;
}

export interface ReadingDiff {
  changes: CatalogChange[];
  inventory: ReadingInventory;
}

export interface ReadingDrift {
  deviations: CatalogDeviation[];
  documented: number;
  inventory: ReadingInventory;
}

export interface ReadingFacet {
  field: string;
  values: ReadingCount[];
}

export interface ReadingFacets {
  derived: boolean;
  facets: ReadingFacet[];
  meta: ReadingMeta;
}

export interface ReadingHistogram {
  buckets: ReadingBucket[];
  derived: boolean;
  meta: ReadingMeta;
  /** nanoseconds */
  step: number;
}

export interface ReadingIdent {
  client?: string;
  count: number;
  email?: string;
  fingerprint?: string;
  id?: string;
  issuer?: string;
  kind?: string;
  name?: string;
  subject?: string;
}

export interface ReadingInventory {
  sealed: number;
  status: CatalogStatus;
  /** nanoseconds */
  took: number;
  total: number;
}

export interface ReadingLooked {
  action: string;
  address?: string;
  at: string;
  count?: number;
  event?: string;
  how?: string;
  key_id?: string;
  number: number;
  query?: string;
  reader: string;
  reason?: string;
  role?: string;
  shown?: string;
  tool?: string;
}

export interface ReadingLooks {
  asked: string;
  event?: ReadingRecord;
  looks: ReadingLooked[];
  meta: ReadingMeta;
  possible: number;
  problems: ReadingProblem[];
  total: number;
}

export interface ReadingMeta {
  complete: boolean;
  index: string;
  indexed: number;
  note?: string;
  sealed: number;
  source: string;
  /** nanoseconds */
  took: number;
}

export interface ReadingNamedCaller {
  apps?: { [key: string]: CatalogSeen };
  count: number;
  data?: { [key: string]: CatalogTally };
  first: string;
  id: string;
  issuer?: string;
  kind: string;
  last: string;
  level: number;
  name?: string;
  objects?: { [key: string]: CatalogSeen };
  operations?: { [key: string]: CatalogSeen };
  out: number;
  records: number;
}

export interface ReadingObject {
  asked: number;
  calls: number;
  derived: boolean;
  first?: string;
  id: string;
  last?: string;
  meta: ReadingMeta;
  more?: number;
  query: string;
  touchers: ReadingToucher[];
  type: string;
}

export interface ReadingOperations {
  inventory: ReadingInventory;
  operations: CatalogOperation[];
}

export interface ReadingPassed {
  answered: number;
  every: number;
  failed: number;
  others: number;
  refused: number;
}

export interface ReadingPerson {
  asked: string;
  calls: number;
  counts: ReadingFacet[];
  first?: ReadingRecord;
  identities: ReadingIdent[];
  last?: ReadingRecord;
  meta: ReadingMeta;
  problems: ReadingProblem[];
  query: string;
}

export interface ReadingPrivilege {
  client?: string;
  count: number;
  expires?: string;
  fingerprint?: string;
  first: string;
  id: string;
  idle: boolean;
  key_id?: string;
  last: string;
  level: number;
  method: string;
  operations?: { [key: string]: CatalogSeen };
  principal?: string;
  scopes: CatalogScopeUse;
  unused: string[];
}

export interface ReadingProblem {
  detail: string;
  file?: string;
  kind: string;
  number: number;
  where?: string;
}

export interface ReadingProof {
  checkpoint: string;
  key: string;
  leaf: string;
  number: number;
  path: string[];
  size: number;
  text: string;
}

export interface ReadingRecord {
  erased?: string[];
  header: EventHeader;
  left_out?: string[];
  number: number;
  payload?: EventPayload;
  removals?: ReadingRemoval[];
  what?: EventWhat;
  who?: EventWho;
  withheld?: string[];
}

export interface ReadingRemoval {
  at: string;
  classes: string[];
  decision: number;
  name: string;
  request?: string;
}

export interface ReadingResult {
  derived?: boolean;
  hits: ReadingRecord[];
  meta: ReadingMeta;
  next?: string;
  problems: ReadingProblem[];
  rows?: ({ [key: string]: string })[];
}

export interface ReadingStats {
  derived: boolean;
  fields: string[];
  meta: ReadingMeta;
  rows: ReadingStatsRow[];
}

export interface ReadingStatsRow {
  count: number;
  values: string[];
}

export interface ReadingTouched {
  asked: string;
  calls: number;
  derived: boolean;
  distinct: number;
  meta: ReadingMeta;
  more?: boolean;
  objects: ReadingTouchedItem[];
  query: string;
  types: ReadingCount[];
}

export interface ReadingTouchedItem {
  actions: ReadingCount[];
  asked: number;
  calls: number;
  client?: string;
  data: string[];
  first: string;
  last: string;
  object: string;
}

export interface ReadingToucher {
  actions: ReadingCount[];
  asked: number;
  calls: number;
  client?: string;
  data: string[];
  email?: string;
  first: string;
  key?: string;
  kind?: string;
  last: string;
  name?: string;
  principal?: string;
  subject?: string;
}

export interface ReportColumn {
  kind: string;
  name: string;
}

export interface ReportDocument {
  by: string;
  ledger: ReportLedger;
  limits: string[];
  made: string;
  method: string[];
  name: string;
  reason?: string;
  role: string;
  scope: ReportPair[];
  summary: string[];
  tables: ReportTable[];
  terms: ReportPair[];
  title: string;
  version: string;
}

export interface ReportLedger {
  bad: number;
  checkpoint: string;
  first: number;
  key: string;
  origin: string;
  problems: string[];
  records: number;
  root: string;
  signatures: string[];
  size: number;
}

export interface ReportPair {
  name: string;
  value: string;
}

export interface ReportTable {
  columns: ReportColumn[];
  left: number;
  note?: string;
  rows: string[][];
  title: string;
}

export interface RevokeProviderStatus {
  actions: string[];
  approval?: boolean;
  error?: string;
  failed: number;
  failing?: string;
  kind: string;
  name: string;
  pending: number;
  proposed?: number;
}

export interface RevokeRevocation {
  action: string;
  answer_by?: string;
  approved?: string;
  attempts: number;
  by?: string;
  decision: number;
  detail?: string;
  due?: string;
  ended?: string;
  ending?: number;
  error?: string;
  fingerprint?: string;
  id: string;
  incident?: string;
  provider: string;
  reason?: string;
  since: string;
  state: string;
  try_again?: boolean;
  undoes?: string;
  undone_by?: string;
  user?: string;
}

export interface SavedEntry {
  changed: string;
  columns?: string[];
  from?: string;
  id: string;
  name: string;
  order?: string;
  owner: string;
  query: string;
  shared: boolean;
  to?: string;
  used?: string;
}

export interface SavedSearch {
  columns?: string[];
  from?: string;
  name: string;
  order?: string;
  query: string;
  shared: boolean;
  to?: string;
}

export interface StorageFull {
  at?: string;
  days: number;
  held?: boolean;
  never?: boolean;
}

export interface StorageGrowth {
  bytes: number;
  days: number;
}

export interface StoragePart {
  bytes: number;
  name: string;
}

export interface StorageUsage {
  at: string;
  forecast: string;
  free: number;
  full?: StorageFull;
  growth?: StorageGrowth;
  low: boolean;
  parts: StoragePart[];
  problem?: string;
  total: number;
}

export interface StructRejectedSpansStringJsonRejectedSpansOmitemptyRejectedLogRecordsStringJsonRejectedLogRecordsOmitemptyErrorMessageStringJsonErrorMessageOmitempty {
  errorMessage?: string;
  rejectedLogRecords?: string;
  rejectedSpans?: string;
}

/** What each operation takes and gives, by operationId. */
export interface Operations {
  /** POST /api/v1/accounts: Make a local account. Without a password the answer has a link, by which they set one. */
  addAccount: {
    params: never;
    body: ApiNewAccount;
    result: ApiAccountMade;
  };
  /** POST /api/v1/holds: Begin a legal hold: what it means is neither erased nor does it expire. Needs the header Gatebook-Reason. */
  addHold: {
    params: never;
    body: ApiNewHold;
    result: ApiHold;
  };
  /** POST /api/v1/keys: Make an API key. Its secret is in the answer and nowhere else. */
  addKey: {
    params: never;
    body: ApiNewKey;
    result: ApiKeySecret;
  };
  /** POST /api/v1/measures: Block, throttle, or demand new authentication; or propose it, if somebody must approve it. Needs the header Gatebook-Reason. */
  addMeasure: {
    params: never;
    body: ApiNewMeasure;
    result: ActMeasure;
  };
  /** POST /api/v1/readers: Make a reader's token. It is in the answer and nowhere else. */
  addReader: {
    params: never;
    body: ApiNewReader;
    result: ApiReaderToken;
  };
  /** POST /api/v1/revocations: Deactivate an account at a provider, or revoke a token at its issuer. It is sealed first. Where a second person must approve, and by those who may only propose, it is proposed; else the answer waits a moment for the provider, and the state says how far it is. Needs the header Gatebook-Reason. */
  addRevocation: {
    params: never;
    body: ApiNewRevocation;
    result: RevokeRevocation;
  };
  /** POST /api/v1/silences: Begin a silence. Needs the header Gatebook-Reason. */
  addSilence: {
    params: never;
    body: ApiNewSilence;
    result: AlertSilence;
  };
  /** POST /api/v1/measures/{measure}/approve: Put in force what somebody else proposed. Needs the header Gatebook-Reason. */
  approveMeasure: {
    params: {
      /** The measure's id, or a beginning of it that only one has. */
      measure: string;
    };
    body: never;
    result: ActMeasure;
  };
  /** POST /api/v1/revocations/{revocation}/approve: Have a proposal of somebody else sent to its provider. Needs the header Gatebook-Reason. */
  approveRevocation: {
    params: {
      /** The revocation's id, or a beginning of it that only one has. */
      revocation: string;
    };
    body: never;
    result: RevokeRevocation;
  };
  /** GET /api/v1/inventory/apps: Apps: OAuth clients, for whom they act and what they read. */
  apps: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: ReadingApps;
  };
  /** POST /api/v1/backtest: Say what a rule would have found in the record: lines of progress and findings, then the result. Nothing is sent or blocked. The events are exported for it, which is sealed. */
  backtest: {
    params: never;
    body: ApiBacktest;
    result: ApiBacktestItem;
  };
  /** GET /api/v1/inventory/callers: Principals: what they call, through which apps, and what they read. */
  callers: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: ReadingCallers;
  };
  /** GET /api/v1/measures/candidates: What a name, or a part of one, can mean as the subject of a measure. */
  candidates: {
    params: {
      /** A name, e-mail address, app, id or address, or a part of a name; required. */
      name?: string;
      /** What was seen at this time or later, as for preview. */
      since?: string;
    };
    body: never;
    result: ReadingCandidates;
  };
  /** POST /api/v1/accounts/{account}: Change the role of an account, disable it, or set its password. Its sessions end. */
  changeAccount: {
    params: {
      /** Id or name of the account. */
      account: string;
    };
    body: ApiAccountChange;
    result: PeopleAccount;
  };
  /** POST /api/v1/routes: Pin, merge, rename or unpin a route template. */
  changeRoutes: {
    params: never;
    body: OperationChange;
    result: void;
  };
  /** PUT /api/v1/searches/{search}: Replace a saved search of one's own: its name, query or whether it is shared. Sealed if it is or was shared. */
  changeSearch: {
    params: {
      /** The saved search's id, or its name: one's own before one that is shared. */
      search: string;
    };
    body: SavedSearch;
    result: SavedEntry;
  };
  /** GET /api/v1/checkpoint: The newest signed checkpoint, and whose it is. */
  checkpoint: {
    params: never;
    body: never;
    result: ApiCheckpoint;
  };
  /** GET /api/v1/inventory/credentials: Credentials: scopes that were granted and never needed, and credentials that are not used any more. */
  credentials: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Mark credentials that were not used since this time. */
      idle?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only credentials with scopes that nothing needed, or that are idle. */
      only?: boolean;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: ReadingCredentials;
  };
  /** POST /api/v1/csp-reports: What the content security policy of the console kept from happening, as browsers report it. */
  cspReports: {
    params: never;
    body: never;
    result: void;
  };
  /** GET /api/v1/inventory/drift: How the descriptions of the APIs and the traffic differ: shadow, zombie, unused, open. */
  drift: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: ReadingDrift;
  };
  /** POST /api/v1/edge/events: Record events of a program with the middleware: the body has one to a line, of the form that docs/middleware.md describes. All or none are taken. */
  edgeEvents: {
    params: {
      /** Some of the events may have been taken before, by an answer that was not received. They are looked for, and left out. */
      again?: boolean;
    };
    body: never;
    result: DeliveryTaken;
  };
  /** GET /api/v1/edge/measures: The measures in force, as soon as they are others than those of a version. */
  edgeMeasures: {
    params: {
      /** The version that the edge has. */
      after?: string;
    };
    body: never;
    result: DeliveryMeasures;
  };
  /** GET /api/v1/edge: What a program with the middleware needs to make events like those of the gateway. For tokens of the role edge. */
  edgeSettings: {
    params: never;
    body: never;
    result: DeliverySettings;
  };
  /** DELETE /api/v1/sessions/{session}: End a session at once: one of one's own, or, as an administrator, any. */
  endSession: {
    params: {
      /** Id of the session. */
      session: string;
    };
    body: never;
    result: void;
  };
  /** DELETE /api/v1/silences/{silence}: End a silence before its time. */
  endSilence: {
    params: {
      /** The silence's id. */
      silence: string;
    };
    body: never;
    result: void;
  };
  /** POST /api/v1/erase: Erase envelopes, or say what that would do: lines of progress, then the plan or the result. Needs the header Gatebook-Reason. */
  erase: {
    params: never;
    body: ApiEraseRequest;
    result: ApiEraseItem;
  };
  /** GET /api/v1/events/{event}: One event by number or id, with its proof. */
  event: {
    params: {
      /** The event's number in the ledger, or its id. */
      event: string;
      /** Show the payload envelope, if the role does. */
      payload?: boolean;
    };
    body: never;
    result: ReadingDetail;
  };
  /** GET /api/v1/evidence: An evidence pack: one zip that proves the answer to a query, and that anyone can check alone. */
  evidence: {
    params: {
      /** What the pack is for. It is sealed, and in the pack. */
      case?: string;
      /** Enclose the headers of all records that were searched, so that whoever checks the pack can evaluate the query again. The query may name fields of the header only. */
      complete?: boolean;
      /** Sizes of older checkpoints that the pack can be compared with, with commas. */
      continues?: string[];
      /** Envelopes that the pack discloses, with commas: who, what, payload. Empty: none, they stay commitments. */
      disclose?: string[];
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: Blob;
  };
  /** GET /api/v1/findings/{finding}: One finding: each term of the formula with its value, and what the rule says about it. */
  explainFinding: {
    params: {
      /** The finding's id, or its beginning. */
      finding: string;
    };
    body: never;
    result: AlertExplanation;
  };
  /** GET /api/v1/export: All matching events, oldest first, as JSON lines or CSV. The trailer Gatebook-Export is the summary. */
  export: {
    params: {
      /** Columns of a CSV: names of fields, or number, with commas. */
      columns?: string[];
      /** Form of the export. */
      format?: 'jsonl' | 'csv';
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** Events at most. 0: all. */
      limit?: number;
      /** Write payload envelopes too, if the role does. */
      payload?: boolean;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: ReadingRecord;
  };
  /** GET /api/v1/facets: The most frequent values of fields. */
  facets: {
    params: {
      /** Names of fields, with commas. Empty: those that help most. */
      fields?: string[];
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** Values of each field. */
      limit?: number;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: ReadingFacets;
  };
  /** GET /api/v1/fields: The fields that events can be searched by. */
  fields: {
    params: never;
    body: never;
    result: ApiField[];
  };
  /** GET /api/v1/findings: What the rules of detection found. No evidence: that is the events that a finding names. */
  findings: {
    params: {
      /** About one of these values of the entity, with commas: an id, an app, a fingerprint, an address. Values from payloads are not compared. */
      about?: string[];
      /** Also findings that were superseded: they were made early, and did not hold in the order of the ledger. */
      all?: boolean;
      /** The member next of the page before. */
      cursor?: string;
      /** Findings of which the last event was at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** This level or a higher one. */
      level?: 'informational' | 'low' | 'medium' | 'high' | 'critical';
      /** Findings. */
      limit?: number;
      /** Which come first. */
      order?: 'newest' | 'oldest';
      /** Name of a rule. */
      rule?: string;
      /** Findings of which the last event was before this time. */
      to?: string;
    };
    body: never;
    result: AlertFindings;
  };
  /** POST /api/v1/incidents/{incident}: Acknowledge, assign, note, resolve or reopen an incident. It is sealed before. Closing and reopening need the header Gatebook-Reason. */
  handleIncident: {
    params: {
      /** The incident's id, or its beginning. */
      incident: string;
    };
    body: ApiIncidentStep;
    result: AlertIncident;
  };
  /** GET /healthz: How is each part? As /readyz. */
  healthz: {
    params: never;
    body: never;
    result: ApiHealth;
  };
  /** GET /api/v1/histogram: Events counted in steps of time. */
  histogram: {
    params: {
      /** Name of a field that divides each step. */
      by?: string;
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Length of a step, like 5m or 1d. Empty: about sixty steps. */
      step?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: ReadingHistogram;
  };
  /** POST /api/v1/imports/{format}: Import a file of another program's log, which is the body. What was imported before is left out. */
  import: {
    params: {
      /** Access logs: the configured route whose API it is the log of, so that its templates apply. */
      api?: string;
      /** Access logs: the server checked the names of users that it logged. */
      checked?: boolean;
      /** Format of the file. */
      format: 'cloudtrail' | 'accesslog' | 'kubernetes';
      /** Access logs: the form of the lines, as log_format of nginx, LogFormat of Apache httpd or a format string of Envoy. */
      lines?: string;
      /** Access logs: the server that wrote it. Without it the form is detected by the first lines. */
      server?: 'apache' | 'caddy' | 'combined' | 'envoy' | 'haproxy' | 'nginx' | 'traefik';
      /** Access logs and audit logs of Kubernetes: a name for where it was written. Equal lines of two sources are different calls. */
      source?: string;
      /** Access logs: proxies whose X-Forwarded-For is believed, as addresses or ranges. */
      trusted_proxies?: string[];
      /** Access logs: the zone of times that are logged without one, such as Europe/Berlin. Without it they are UTC. */
      zone?: string;
    };
    body: never;
    result: IngestResult;
  };
  /** GET /api/v1/incidents/{incident}: All that is known of an incident: its findings in order, with the terms of their formulas, its events, and what was done. */
  incident: {
    params: {
      /** The incident's id, or its beginning. */
      incident: string;
    };
    body: never;
    result: AlertStory;
  };
  /** GET /api/v1/incidents: Incidents: findings about one entity together. Those first that changed last. */
  incidents: {
    params: {
      /** About one of these values of the entity, with commas: an id, an app, a fingerprint, an address. Values from payloads are not compared. */
      about?: string[];
      /** To whom it was given; - for nobody. */
      assignee?: string;
      /** Incidents. */
      limit?: number;
      /** Name of a rule that found something in it. */
      rule?: string;
      /** This severity or a higher one. */
      severity?: 'informational' | 'low' | 'medium' | 'high' | 'critical';
      /** Changed at this time or later. */
      since?: string;
      /** States, with commas: open, acknowledged, resolved, false-positive. Empty: all. */
      state?: string[];
      /** Part of the id, the title, the entity or a rule, without regard to case. */
      text?: string;
    };
    body: never;
    result: AlertIncidents;
  };
  /** GET /api/v1/inventory/diff: What is new in the inventory, or gone, between two times. */
  inventoryDiff: {
    params: {
      /** From when. Required. */
      from?: string;
      /** Until when. Empty: now. */
      to?: string;
    };
    body: never;
    result: ReadingDiff;
  };
  /** GET /ledger: A page for people with the newest checkpoint, whose it is, and how to keep and compare it. */
  ledgerPage: {
    params: never;
    body: never;
    result: Blob;
  };
  /** DELETE /api/v1/measures: End all measures in force. Needs the header Gatebook-Reason. */
  liftMeasures: {
    params: never;
    body: never;
    result: ActMeasure[];
  };
  /** POST /api/v1/accounts/{account}/link: Make a link that signs in to a local account once, and sets a new password. It ends those before. */
  linkAccount: {
    params: {
      /** Id or name of the account. */
      account: string;
    };
    body: never;
    result: ApiSignInLink;
  };
  /** GET /api/v1/accounts: Who may sign in to the console. */
  listAccounts: {
    params: never;
    body: never;
    result: PeopleAccount[];
  };
  /** GET /api/v1/alerts/deliveries: What was sent to the receivers of alerts, what waits, and what was given up; the newest first. */
  listDeliveries: {
    params: {
      /** Only those with a lower id. */
      before?: number;
      /** Only those about this incident. */
      incident?: string;
      /** Deliveries. */
      limit?: number;
      /** Only those to this receiver. */
      receiver?: string;
      /** Only those in this state. */
      state?: 'pending' | 'delivered' | 'dead';
    };
    body: never;
    result: DeliverDelivery[];
  };
  /** GET /api/v1/holds: The legal holds in force. */
  listHolds: {
    params: never;
    body: never;
    result: ApiHold[];
  };
  /** GET /api/v1/keys: The API keys of the gateway. */
  listKeys: {
    params: never;
    body: never;
    result: ApiKey[];
  };
  /** GET /api/v1/measures: What is done about access: blocks, throttles, demands to authenticate anew. */
  listMeasures: {
    params: {
      /** Which: open are those in force and those proposed, all are also those that ended in the last 90 days. */
      state?: 'open' | 'in-force' | 'proposed' | 'all';
    };
    body: never;
    result: ActMeasure[];
  };
  /** GET /api/v1/revocations/providers: The providers at which access can be taken back, and how they are. */
  listProviders: {
    params: never;
    body: never;
    result: RevokeProviderStatus[];
  };
  /** GET /api/v1/readers: Who may read the record: the named tokens of the operations listener. */
  listReaders: {
    params: never;
    body: never;
    result: ApiReader[];
  };
  /** GET /api/v1/alerts/receivers: The receivers of alerts, and how they are. */
  listReceivers: {
    params: never;
    body: never;
    result: DeliverStatus[];
  };
  /** GET /api/v1/reports: The reports that can be made. */
  listReports: {
    params: never;
    body: never;
    result: ApiReportKind[];
  };
  /** GET /api/v1/revocations: What was taken back at providers in the last 90 days, what waits, and what failed; the newest first. */
  listRevocations: {
    params: {
      /** Only those in this state. */
      state?: 'proposed' | 'pending' | 'done' | 'failed' | 'rejected' | 'lapsed';
    };
    body: never;
    result: RevokeRevocation[];
  };
  /** GET /api/v1/routes: The route templates of the APIs: described, learned, and made by people. */
  listRoutes: {
    params: {
      /** Name of a configured route. Empty: all. */
      route?: string;
    };
    body: never;
    result: OperationListed[];
  };
  /** GET /api/v1/rules: The rules of detection that run here, and what they found. */
  listRules: {
    params: never;
    body: never;
    result: AlertRuleState[];
  };
  /** GET /api/v1/searches: The saved searches of who asks, and those that are shared. */
  listSearches: {
    params: never;
    body: never;
    result: SavedEntry[];
  };
  /** GET /api/v1/sessions: Who is signed in: oneself, or everybody. */
  listSessions: {
    params: {
      /** Those of everybody, which only administrators may see. */
      all?: boolean;
    };
    body: never;
    result: ApiSessionListed[];
  };
  /** GET /api/v1/silences: Silences: what is found and opens no incident. */
  listSilences: {
    params: never;
    body: never;
    result: AlertSilence[];
  };
  /** GET /livez: Is the process alive? Always 200. */
  livez: {
    params: never;
    body: never;
    result: ApiHealth;
  };
  /** POST /api/v1/login-link: Make a link that signs in the administrator of the data directory once. Only they can. */
  loginLink: {
    params: never;
    body: never;
    result: ApiSignInLink;
  };
  /** GET /api/v1/events/{event}/looks: Who looked at an event: each look that showed it. */
  looksAt: {
    params: {
      /** The event's number in the ledger, or its id. */
      event: string;
    };
    body: never;
    result: ReadingLooks;
  };
  /** GET /api/v1/looks: What a reader looked at. */
  looksOf: {
    params: {
      /** Looks at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** Who looked: the name of their token, its public id, or a pseudonym. */
      reader?: string;
      /** Looks before this time. */
      to?: string;
    };
    body: never;
    result: ReadingLooks;
  };
  /** GET /api/v1/measures/{measure}: One measure. */
  measure: {
    params: {
      /** The measure's id, or a beginning of it that only one has. */
      measure: string;
    };
    body: never;
    result: ActMeasure;
  };
  /** GET /metrics: Metrics for Prometheus. */
  metrics: {
    params: never;
    body: never;
    result: Blob;
  };
  /** GET /api/v1/object: Who touched an object, through which app. */
  object: {
    params: {
      /** As for search. */
      from?: string;
      /** Type and id, like customer/4711. */
      object?: string;
      /** As for search. */
      to?: string;
    };
    body: never;
    result: ReadingObject;
  };
  /** GET /api/v1/inventory/openapi.json: An OpenAPI 3.1 document of what was observed, without a value of any call. */
  observedAPI: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: { [key: string]: unknown };
  };
  /** GET /api/v1/oidc/callback: Come back from the provider of OpenID Connect. For browsers. */
  oidcCallback: {
    params: never;
    body: never;
    result: Blob;
  };
  /** GET /api/v1/oidc/login: Go to the provider of OpenID Connect to sign in. For browsers. */
  oidcLogin: {
    params: {
      /** The provider must ask anew who that is: for what cannot be undone. */
      again?: boolean;
      /** Path of the console to go on at. */
      next?: string;
    };
    body: never;
    result: Blob;
  };
  /** POST /api/v1/oidc/backchannel-logout: The provider of OpenID Connect says that somebody has logged out (OpenID Connect Back-Channel Logout 1.0). The body is a form with logout_token. For the provider. */
  oidcLogout: {
    params: never;
    body: never;
    result: { [key: string]: unknown };
  };
  /** GET /api/v1/openapi.json: This document. */
  openapi: {
    params: never;
    body: never;
    result: { [key: string]: unknown };
  };
  /** GET /api/v1/inventory/operations: The operations of the APIs, with who calls them and what they return. Counted from headers: no evidence. */
  operations: {
    params: {
      /** The configured route. */
      api?: string;
      /** An OAuth client. */
      app?: string;
      /** A class of data that was returned, such as email. */
      class?: string;
      /** Entries, those with most calls first. */
      limit?: number;
      /** Only what was answered with success to callers who were not verified. */
      open?: boolean;
      /** Seen at this time or later. */
      since?: string;
      /** Part of an id, without regard to case. */
      text?: string;
    };
    body: never;
    result: ReadingOperations;
  };
  /** POST /api/v1/otlp/v1/{signal}: Send traces or logs by OTLP/HTTP, as JSON or protobuf, also compressed with gzip: spans of servers and log records that are of calls become events. The source is the name of the token. */
  otlp: {
    params: {
      /** What is sent. */
      signal: 'traces' | 'logs';
    };
    body: never;
    result: ApiOtlpAnswer;
  };
  /** GET /api/v1/measures/preview: What a measure would have met, had it been in force, and what would come of asking for it. Nothing is decided. */
  previewMeasure: {
    params: {
      /** What would be done. */
      kind?: 'block' | 'throttle' | 'reauthenticate';
      /** Calls that arrived at this time or later: RFC 3339, a date, or a duration before now like 7d. */
      since?: string;
      /** Whose calls, like "principal:p_0b6c… and route:shop"; required. */
      subject?: string;
    };
    body: never;
    result: ActPreview;
  };
  /** GET /api/v1/events/{event}/proof: The proof that an event is in the ledger. */
  proof: {
    params: {
      /** The event's number in the ledger, or its id. */
      event: string;
    };
    body: never;
    result: ReadingProof;
  };
  /** GET /readyz: Can it take calls? 503 while a required part fails, or while draining. */
  readyz: {
    params: never;
    body: never;
    result: ApiHealth;
  };
  /** POST /api/v1/measures/{measure}/reject: Say no to what was proposed, or take back what you proposed. Needs the header Gatebook-Reason. */
  rejectMeasure: {
    params: {
      /** The measure's id, or a beginning of it that only one has. */
      measure: string;
    };
    body: never;
    result: ActMeasure;
  };
  /** POST /api/v1/revocations/{revocation}/reject: End a proposal, or take back one's own. Needs the header Gatebook-Reason. */
  rejectRevocation: {
    params: {
      /** The revocation's id, or a beginning of it that only one has. */
      revocation: string;
    };
    body: never;
    result: RevokeRevocation;
  };
  /** DELETE /api/v1/holds/{hold}: End a legal hold. Needs the header Gatebook-Reason. */
  releaseHold: {
    params: {
      /** The hold's id, or its name. */
      hold: string;
    };
    body: never;
    result: ApiHold;
  };
  /** DELETE /api/v1/accounts/{account}: Remove an account and its sessions. */
  removeAccount: {
    params: {
      /** Id or name of the account. */
      account: string;
    };
    body: never;
    result: void;
  };
  /** DELETE /api/v1/searches/{search}: Delete a saved search: one's own, or, by an administrator, one that is shared. Sealed if it is shared. */
  removeSearch: {
    params: {
      /** The saved search's id, or its name: one's own before one that is shared. */
      search: string;
    };
    body: never;
    result: void;
  };
  /** GET /api/v1/reports/{name}: A report for auditors, read from the ledger: as JSON, HTML, PDF or CSV. */
  report: {
    params: {
      /** access: the class of data, such as email. */
      class?: string;
      /** Form of the report. */
      format?: 'json' | 'html' | 'pdf' | 'csv';
      /** Calls that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. Empty: 30 days before the end. */
      from?: string;
      /** dormant: unused for so long. Empty: 90d. */
      idle?: string;
      /** access, person, dormant, privileged, unverified or integrity. */
      name: string;
      /** access: the object, as TYPE/ID. */
      object?: string;
      /** person: pseudonym, subject, e-mail, name, client, key id or fingerprint. */
      principal?: string;
      /** Calls that arrived before this time. Empty: now. */
      to?: string;
    };
    body: never;
    result: ReportDocument;
  };
  /** GET /api/v1/retention: What goes when, and what is on the disk. */
  retention: {
    params: never;
    body: never;
    result: ErasureRetention;
  };
  /** POST /api/v1/alerts/deliveries/{id}/retry: Try a delivery again that was given up. */
  retryDelivery: {
    params: {
      /** The delivery's number. */
      id: string;
    };
    body: never;
    result: void;
  };
  /** POST /api/v1/revocations/{revocation}/retry: Try a revocation again that has failed. Needs the header Gatebook-Reason. */
  retryRevocation: {
    params: {
      /** The revocation's id, or a beginning of it that only one has. */
      revocation: string;
    };
    body: never;
    result: RevokeRevocation;
  };
  /** GET /api/v1/revocations/{revocation}: One revocation. */
  revocation: {
    params: {
      /** The revocation's id, or a beginning of it that only one has. */
      revocation: string;
    };
    body: never;
    result: RevokeRevocation;
  };
  /** DELETE /api/v1/keys/{id}: Revoke an API key. */
  revokeKey: {
    params: {
      /** Public id of the key. */
      id: string;
    };
    body: never;
    result: void;
  };
  /** DELETE /api/v1/readers/{id}: Revoke a reader's token. */
  revokeReader: {
    params: {
      /** Public id of the token. */
      id: string;
    };
    body: never;
    result: void;
  };
  /** GET /api/v1/rules/{rule}: How a rule is written. */
  ruleText: {
    params: {
      /** Name of a rule. */
      rule: string;
    };
    body: never;
    result: AlertRuleText;
  };
  /** POST /api/v1/searches: Save a search. Sealed if it is shared. */
  saveSearch: {
    params: never;
    body: SavedSearch;
    result: SavedEntry;
  };
  /** GET /api/v1/searches/{search}: One saved search, which is noted as used today. */
  savedSearch: {
    params: {
      /** The saved search's id, or its name: one's own before one that is shared. */
      search: string;
    };
    body: never;
    result: SavedEntry;
  };
  /** GET /api/v1/search: Find events, or run a query with pipes over them. */
  search: {
    params: {
      /** The member next of the page before. */
      cursor?: string;
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** Hits, or rows of a query with pipes. */
      limit?: number;
      /** Which come first. */
      order?: 'newest' | 'oldest';
      /** Show payload envelopes, if the role does. */
      payload?: boolean;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: ReadingResult;
  };
  /** POST /api/v1/webhooks/{format}: Send what a program logs: an EventList of Kubernetes' audit webhook. The source is the name of the token. What was sent before is left out, so that it can be sent again. */
  send: {
    params: {
      /** Format of the body. */
      format: 'kubernetes';
      /** As Kubernetes sends it; it has no meaning here. */
      timeout?: string;
    };
    body: never;
    result: IngestResult;
  };
  /** GET /api/v1/session: Who asks, what they may do, and how people sign in here. */
  session: {
    params: never;
    body: never;
    result: ApiMe;
  };
  /** POST /api/v1/session/password: Set one's own password. All other sessions of the account end. */
  setPassword: {
    params: never;
    body: ApiPasswordChange;
    result: ApiMe;
  };
  /** GET /api/v1/setup: How calls come in: listeners, routes, and whether the upstreams can be reached. */
  setup: {
    params: never;
    body: never;
    result: ApiSetup;
  };
  /** POST /api/v1/session: Sign in, or sign in again. Needs the header Gatebook-Tool: console. The answer sets the cookie. */
  signIn: {
    params: never;
    body: ApiSignInRequest;
    result: ApiMe;
  };
  /** DELETE /api/v1/session: Sign out. */
  signOut: {
    params: never;
    body: never;
    result: ApiSignedOut;
  };
  /** GET /api/v1/sources: The logs that are followed: how many events, what could not be read, and how far behind. */
  sources: {
    params: never;
    body: never;
    result: ApiSources;
  };
  /** GET /api/v1/stats: Events counted by the values of fields. */
  stats: {
    params: {
      /** Names of fields, with commas. Empty: one count of all. */
      by?: string[];
      /** Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. */
      from?: string;
      /** Rows. */
      limit?: number;
      /** LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind. */
      query?: string;
      /** Events that arrived before this time. */
      to?: string;
    };
    body: never;
    result: ReadingStats;
  };
  /** GET /api/v1/storage: What is on the disk, how fast it grows, and when the disk is full. */
  storage: {
    params: never;
    body: never;
    result: StorageUsage;
  };
  /** GET /api/v1/tail: New events as they are sealed, as server-sent events: event, problem, passed, or ping. */
  tail: {
    params: {
      /** Begin with this many of the newest matching events. */
      backlog?: number;
      /** Show about so many events a second of those that were answered well, and as many of the others, and count all. 0: all are shown. */
      most?: number;
      /** Show payload envelopes, if the role does. */
      payload?: boolean;
      /** LogsQL, as far as it can be matched live: words, field:value, comparisons, and, or, not. */
      query?: string;
    };
    body: never;
    result: ApiTailItem;
  };
  /** GET /api/v1/alerts/tail: Changes of incidents as they happen, as server-sent events: notice, or ping. */
  tailAlerts: {
    params: never;
    body: never;
    result: AlertNotice;
  };
  /** POST /api/v1/alerts/receivers/{name}/test: Send a test message to a receiver, and say how it fared. */
  testReceiver: {
    params: {
      /** The receiver's name. */
      name: string;
    };
    body: never;
    result: ApiReceiverTest;
  };
  /** GET /checkpoint: The newest checkpoint, cosigned by witnesses if there are any: C2SP tlog-checkpoint. */
  tlogCheckpoint: {
    params: never;
    body: never;
    result: Blob;
  };
  /** GET /tile/{path}: A tile or entry bundle: C2SP tlog-tiles, /tile/<L>/<N>[.p/<W>] and /tile/entries/<N>[.p/<W>]. */
  tlogTile: {
    params: {
      path: string;
    };
    body: never;
    result: Blob;
  };
  /** GET /api/v1/touched: Which objects a principal touched. */
  touched: {
    params: {
      /** As for search. */
      from?: string;
      /** Objects. */
      limit?: number;
      /** Pseudonym, subject, e-mail, name, client, key id, or fingerprint of a credential. */
      principal?: string;
      /** As for search. */
      to?: string;
    };
    body: never;
    result: ReadingTouched;
  };
  /** DELETE /api/v1/measures/{measure}: End a measure. Needs the header Gatebook-Reason. */
  undoMeasure: {
    params: {
      /** The measure's id, or a beginning of it that only one has. */
      measure: string;
    };
    body: never;
    result: ActMeasure;
  };
  /** POST /api/v1/revocations/{revocation}/undo: Have an account activated again. Needs the header Gatebook-Reason. */
  undoRevocation: {
    params: {
      /** The revocation's id, or a beginning of it that only one has. */
      revocation: string;
    };
    body: never;
    result: RevokeRevocation;
  };
  /** POST /api/v1/verify: Verify the whole ledger: lines of progress, then the report. */
  verify: {
    params: never;
    body: ApiVerifyRequest;
    result: ApiVerifyItem;
  };
  /** GET /api/v1/who: What a principal did. */
  who: {
    params: {
      /** As for search. */
      from?: string;
      /** Pseudonym, subject, e-mail, name, client, key id, or fingerprint of a credential. */
      principal?: string;
      /** As for search. */
      to?: string;
    };
    body: never;
    result: ReadingPerson;
  };
}

/** Where each operation is. */
export const operations = {
  addAccount: { method: 'POST', path: '/api/v1/accounts' },
  addHold: { method: 'POST', path: '/api/v1/holds' },
  addKey: { method: 'POST', path: '/api/v1/keys' },
  addMeasure: { method: 'POST', path: '/api/v1/measures' },
  addReader: { method: 'POST', path: '/api/v1/readers' },
  addRevocation: { method: 'POST', path: '/api/v1/revocations' },
  addSilence: { method: 'POST', path: '/api/v1/silences' },
  approveMeasure: { method: 'POST', path: '/api/v1/measures/{measure}/approve' },
  approveRevocation: { method: 'POST', path: '/api/v1/revocations/{revocation}/approve' },
  apps: { method: 'GET', path: '/api/v1/inventory/apps' },
  backtest: { method: 'POST', path: '/api/v1/backtest' },
  callers: { method: 'GET', path: '/api/v1/inventory/callers' },
  candidates: { method: 'GET', path: '/api/v1/measures/candidates' },
  changeAccount: { method: 'POST', path: '/api/v1/accounts/{account}' },
  changeRoutes: { method: 'POST', path: '/api/v1/routes' },
  changeSearch: { method: 'PUT', path: '/api/v1/searches/{search}' },
  checkpoint: { method: 'GET', path: '/api/v1/checkpoint' },
  credentials: { method: 'GET', path: '/api/v1/inventory/credentials' },
  cspReports: { method: 'POST', path: '/api/v1/csp-reports' },
  drift: { method: 'GET', path: '/api/v1/inventory/drift' },
  edgeEvents: { method: 'POST', path: '/api/v1/edge/events' },
  edgeMeasures: { method: 'GET', path: '/api/v1/edge/measures' },
  edgeSettings: { method: 'GET', path: '/api/v1/edge' },
  endSession: { method: 'DELETE', path: '/api/v1/sessions/{session}' },
  endSilence: { method: 'DELETE', path: '/api/v1/silences/{silence}' },
  erase: { method: 'POST', path: '/api/v1/erase' },
  event: { method: 'GET', path: '/api/v1/events/{event}' },
  evidence: { method: 'GET', path: '/api/v1/evidence' },
  explainFinding: { method: 'GET', path: '/api/v1/findings/{finding}' },
  export: { method: 'GET', path: '/api/v1/export' },
  facets: { method: 'GET', path: '/api/v1/facets' },
  fields: { method: 'GET', path: '/api/v1/fields' },
  findings: { method: 'GET', path: '/api/v1/findings' },
  handleIncident: { method: 'POST', path: '/api/v1/incidents/{incident}' },
  healthz: { method: 'GET', path: '/healthz' },
  histogram: { method: 'GET', path: '/api/v1/histogram' },
  import: { method: 'POST', path: '/api/v1/imports/{format}' },
  incident: { method: 'GET', path: '/api/v1/incidents/{incident}' },
  incidents: { method: 'GET', path: '/api/v1/incidents' },
  inventoryDiff: { method: 'GET', path: '/api/v1/inventory/diff' },
  ledgerPage: { method: 'GET', path: '/ledger' },
  liftMeasures: { method: 'DELETE', path: '/api/v1/measures' },
  linkAccount: { method: 'POST', path: '/api/v1/accounts/{account}/link' },
  listAccounts: { method: 'GET', path: '/api/v1/accounts' },
  listDeliveries: { method: 'GET', path: '/api/v1/alerts/deliveries' },
  listHolds: { method: 'GET', path: '/api/v1/holds' },
  listKeys: { method: 'GET', path: '/api/v1/keys' },
  listMeasures: { method: 'GET', path: '/api/v1/measures' },
  listProviders: { method: 'GET', path: '/api/v1/revocations/providers' },
  listReaders: { method: 'GET', path: '/api/v1/readers' },
  listReceivers: { method: 'GET', path: '/api/v1/alerts/receivers' },
  listReports: { method: 'GET', path: '/api/v1/reports' },
  listRevocations: { method: 'GET', path: '/api/v1/revocations' },
  listRoutes: { method: 'GET', path: '/api/v1/routes' },
  listRules: { method: 'GET', path: '/api/v1/rules' },
  listSearches: { method: 'GET', path: '/api/v1/searches' },
  listSessions: { method: 'GET', path: '/api/v1/sessions' },
  listSilences: { method: 'GET', path: '/api/v1/silences' },
  livez: { method: 'GET', path: '/livez' },
  loginLink: { method: 'POST', path: '/api/v1/login-link' },
  looksAt: { method: 'GET', path: '/api/v1/events/{event}/looks' },
  looksOf: { method: 'GET', path: '/api/v1/looks' },
  measure: { method: 'GET', path: '/api/v1/measures/{measure}' },
  metrics: { method: 'GET', path: '/metrics' },
  object: { method: 'GET', path: '/api/v1/object' },
  observedAPI: { method: 'GET', path: '/api/v1/inventory/openapi.json' },
  oidcCallback: { method: 'GET', path: '/api/v1/oidc/callback' },
  oidcLogin: { method: 'GET', path: '/api/v1/oidc/login' },
  oidcLogout: { method: 'POST', path: '/api/v1/oidc/backchannel-logout' },
  openapi: { method: 'GET', path: '/api/v1/openapi.json' },
  operations: { method: 'GET', path: '/api/v1/inventory/operations' },
  otlp: { method: 'POST', path: '/api/v1/otlp/v1/{signal}' },
  previewMeasure: { method: 'GET', path: '/api/v1/measures/preview' },
  proof: { method: 'GET', path: '/api/v1/events/{event}/proof' },
  readyz: { method: 'GET', path: '/readyz' },
  rejectMeasure: { method: 'POST', path: '/api/v1/measures/{measure}/reject' },
  rejectRevocation: { method: 'POST', path: '/api/v1/revocations/{revocation}/reject' },
  releaseHold: { method: 'DELETE', path: '/api/v1/holds/{hold}' },
  removeAccount: { method: 'DELETE', path: '/api/v1/accounts/{account}' },
  removeSearch: { method: 'DELETE', path: '/api/v1/searches/{search}' },
  report: { method: 'GET', path: '/api/v1/reports/{name}' },
  retention: { method: 'GET', path: '/api/v1/retention' },
  retryDelivery: { method: 'POST', path: '/api/v1/alerts/deliveries/{id}/retry' },
  retryRevocation: { method: 'POST', path: '/api/v1/revocations/{revocation}/retry' },
  revocation: { method: 'GET', path: '/api/v1/revocations/{revocation}' },
  revokeKey: { method: 'DELETE', path: '/api/v1/keys/{id}' },
  revokeReader: { method: 'DELETE', path: '/api/v1/readers/{id}' },
  ruleText: { method: 'GET', path: '/api/v1/rules/{rule}' },
  saveSearch: { method: 'POST', path: '/api/v1/searches' },
  savedSearch: { method: 'GET', path: '/api/v1/searches/{search}' },
  search: { method: 'GET', path: '/api/v1/search' },
  send: { method: 'POST', path: '/api/v1/webhooks/{format}' },
  session: { method: 'GET', path: '/api/v1/session' },
  setPassword: { method: 'POST', path: '/api/v1/session/password' },
  setup: { method: 'GET', path: '/api/v1/setup' },
  signIn: { method: 'POST', path: '/api/v1/session' },
  signOut: { method: 'DELETE', path: '/api/v1/session' },
  sources: { method: 'GET', path: '/api/v1/sources' },
  stats: { method: 'GET', path: '/api/v1/stats' },
  storage: { method: 'GET', path: '/api/v1/storage' },
  tail: { method: 'GET', path: '/api/v1/tail' },
  tailAlerts: { method: 'GET', path: '/api/v1/alerts/tail' },
  testReceiver: { method: 'POST', path: '/api/v1/alerts/receivers/{name}/test' },
  tlogCheckpoint: { method: 'GET', path: '/checkpoint' },
  tlogTile: { method: 'GET', path: '/tile/{path}' },
  touched: { method: 'GET', path: '/api/v1/touched' },
  undoMeasure: { method: 'DELETE', path: '/api/v1/measures/{measure}' },
  undoRevocation: { method: 'POST', path: '/api/v1/revocations/{revocation}/undo' },
  verify: { method: 'POST', path: '/api/v1/verify' },
  who: { method: 'GET', path: '/api/v1/who' },
} as const satisfies { [id in keyof Operations]: { method: string; path: string } };
