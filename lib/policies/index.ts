/** IAM's own logic as pure functions: what policies say, and whether a request is allowed. */
export { conditionKeys, type ConditionKeys } from './condition-keys.ts';
export {
  evaluate,
  type AccessRequest,
  type ApplicablePolicies,
  type Decision,
  type PolicyKind,
} from './evaluate.ts';
export { readPolicy, type Policy, type Statement } from './policy.ts';
export type { Principal } from './principals.ts';
export { isOptInRegion, snsDeliveryPrincipal } from './service-principals.ts';
