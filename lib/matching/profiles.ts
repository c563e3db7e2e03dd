/**
 * What differs between the services that share one pattern language: which operators they know, how large a
 * pattern and its numbers may be. The language itself is the one of EventBridge rules.
 */
/** Operators as written in a pattern, all of which EventBridge knows. eventbridge/latest/userguide/eb-create-pattern-operators.html */
export const OPERATORS = [
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
  'numeric',
  'cidr',
  'exists',
  'anything-but',
] as const;

/** Exact values, `null` and `""` are always allowed beside them. */
export type Operator = (typeof OPERATORS)[number];

/** What may stand inside `{"anything-but": {...}}`. */
export type AnythingButOperator = 'prefix' | 'suffix' | 'equals-ignore-case' | 'wildcard';

/** The rules of one service for the patterns it takes. */
export interface MatchingProfile {
  readonly name: 'event-bus' | 'subscriber' | 'sns-attributes' | 'sns-body' | 'event-source-mapping';
  readonly operators: ReadonlySet<Operator>;
  readonly anythingBut: ReadonlySet<AnythingButOperator>;
  /** `{"prefix": {"equals-ignore-case": "x"}}` and the same with `suffix`. */
  readonly ignoreCaseAffixes: boolean;
  /** Exact numbers are compared as they are spelt: 300 is not 300.0. */
  readonly exactNumbers: boolean;
  /** Objects inside objects. SNS attributes are flat. */
  readonly nesting: boolean;
  /** `{}` matches everything (SNS: no filter) or is refused. */
  readonly emptyPattern: 'matches-all' | 'refused';
  /** The size a pattern may have, in UTF-16 code units or in bytes of UTF-8. */
  readonly maxLength: { readonly value: number; readonly unit: 'characters' | 'bytes' };
  /** Numbers of a pattern lie between minus and plus this. */
  readonly maxNumber: number;
  /** Exact values may be larger where only operators have the limit: accounts, times in milliseconds. */
  readonly maxNumberOf: 'all' | 'operators';
  /** Top-level keys, counted across `$or`. */
  readonly maxKeys: number;
  /** Combinations of values: see `countCombinations`. */
  readonly maxCombinations: number;
}

/** EventBridge quotas, "Event pattern size": 2,048 characters. eb-quota.html. */
const EVENT_BUS_MAX_CHARACTERS = 2_048;
/** EventBridge numeric matching: -5.0e9 to +5.0e9 inclusive. eb-create-pattern-operators.html. */
const EVENT_BUS_MAX_NUMBER = 5_000_000_000;

/** Custom Event Bus quotas, filters in one FilterConfiguration. eb-quota.html. */
const SUBSCRIBER_MAX_BYTES = 4_096;

/** SNS "Filter policy constraints", sns/latest/dg/subscription-filter-policy-constraints.html. */
const SNS_MAX_BYTES = 262_144;
const SNS_MAX_KEYS = 5;
const SNS_MAX_COMBINATIONS = 150;
const SNS_MAX_NUMBER = 1_000_000_000;
/** SNS "Subscription filter policies": no wildcard there. sns/latest/dg/sns-subscription-filter-policies.html. */
const SNS_OPERATORS = OPERATORS.filter((operator) => operator !== 'wildcard');

/** Lambda "Filter rule syntax" and FilterCriteria: 4,096 characters. lambda/latest/dg/invocation-eventfiltering.html. */
const EVENT_SOURCE_MAPPING_OPERATORS = OPERATORS.filter(
  (operator) => operator !== 'wildcard' && operator !== 'cidr',
);
const EVENT_SOURCE_MAPPING_MAX_CHARACTERS = 4_096;

/** Rules on an event bus (Classic), archives and `TestEventPattern`. */
export const EVENT_BUS_PROFILE: MatchingProfile = {
  name: 'event-bus',
  operators: new Set(OPERATORS),
  anythingBut: new Set<AnythingButOperator>(['prefix', 'suffix', 'equals-ignore-case', 'wildcard']),
  ignoreCaseAffixes: true,
  exactNumbers: true,
  nesting: true,
  emptyPattern: 'refused',
  maxLength: { value: EVENT_BUS_MAX_CHARACTERS, unit: 'characters' },
  maxNumber: EVENT_BUS_MAX_NUMBER,
  maxNumberOf: 'operators',
  maxKeys: Infinity,
  maxCombinations: Infinity,
};

/**
 * Filters of a subscriber of a Custom Event Bus: every operator but wildcards. The limit in bytes is of all its filters
 * together. eventbridge/latest/userguide/eb-custom-bus-filtering.html.
 */
export const SUBSCRIBER_PROFILE: MatchingProfile = {
  ...EVENT_BUS_PROFILE,
  name: 'subscriber',
  operators: new Set(OPERATORS.filter((operator) => operator !== 'wildcard')),
  anythingBut: new Set<AnythingButOperator>(['prefix', 'suffix', 'equals-ignore-case']),
  maxLength: { value: SUBSCRIBER_MAX_BYTES, unit: 'bytes' },
};

/** `FilterPolicyScope: MessageBody`. */
export const SNS_BODY_PROFILE: MatchingProfile = {
  name: 'sns-body',
  operators: new Set(SNS_OPERATORS),
  anythingBut: new Set<AnythingButOperator>(['prefix', 'suffix']),
  ignoreCaseAffixes: false,
  exactNumbers: false,
  nesting: true,
  emptyPattern: 'matches-all',
  maxLength: { value: SNS_MAX_BYTES, unit: 'bytes' },
  maxNumber: SNS_MAX_NUMBER,
  maxNumberOf: 'all',
  maxKeys: SNS_MAX_KEYS,
  maxCombinations: SNS_MAX_COMBINATIONS,
};

/** `FilterPolicyScope: MessageAttributes`, the default. */
export const SNS_ATTRIBUTES_PROFILE: MatchingProfile = {
  ...SNS_BODY_PROFILE,
  name: 'sns-attributes',
  nesting: false,
};

/** `FilterCriteria` of a Lambda event source mapping. */
export const EVENT_SOURCE_MAPPING_PROFILE: MatchingProfile = {
  name: 'event-source-mapping',
  operators: new Set(EVENT_SOURCE_MAPPING_OPERATORS),
  anythingBut: new Set<AnythingButOperator>(),
  ignoreCaseAffixes: false,
  exactNumbers: false,
  nesting: true,
  emptyPattern: 'refused',
  maxLength: { value: EVENT_SOURCE_MAPPING_MAX_CHARACTERS, unit: 'characters' },
  maxNumber: EVENT_BUS_MAX_NUMBER,
  maxNumberOf: 'operators',
  maxKeys: Infinity,
  maxCombinations: Infinity,
};
