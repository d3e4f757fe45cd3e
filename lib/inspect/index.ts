export { type Diagnosis, diagnose, diagnosisOf } from './diagnosis/diagnose.js';
export { type Finding, type FindingKind, type FindingState, findingText, isFault } from './diagnosis/finding.js';
export { checkService, type Demands, type Measure } from './service-check.js';
export {
  byExchange,
  type ServerState,
  type SurveyedServer,
  type SurveyedTopic,
  surveyAll,
  surveyServer,
  topicsAt,
} from './topic-survey.js';
