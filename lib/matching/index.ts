/** Public surface of the pattern matcher. */
export { parseExact } from './exact-json.ts';
export { type EventFields, flattenEvent } from './event-fields.ts';
export { createMappingFilter, type MappingFilter } from './mapping-filter.ts';
export { matchesPattern, type Pattern, readPattern } from './pattern.ts';
export { PatternError, type PatternErrorCode } from './pattern-error.ts';
export {
  EVENT_BUS_PROFILE,
  EVENT_SOURCE_MAPPING_PROFILE,
  type MatchingProfile,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
  SUBSCRIBER_PROFILE,
} from './profiles.ts';
export { attributesAsEvent, type MessageAttribute } from './sns-attributes.ts';
