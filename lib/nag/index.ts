/** Public surface of `waybill/nag`: the guards as a rule pack of cdk-nag, for any CDK application. */
export { WaybillChecks } from './waybill-checks.ts';
