/** Graceful degradation: circuit breakers, bulkheads, load shedding and kill switches. */
export { createBulkhead } from './bulkhead.ts';
export type { Bulkhead, BulkheadProps } from './bulkhead.ts';
export { createCircuitBreaker } from './circuit-breaker.ts';
export type { CircuitBreaker, CircuitBreakerProps } from './circuit-breaker.ts';
export { createControls } from './controls.ts';
export type {
  Controls,
  ControlsProps,
  Dependency,
  DependencyProps,
  SheddingProps,
} from './controls-options.ts';
export { UnavailableError } from './errors.ts';
export type { UnavailableCode } from './errors.ts';
export { sheddingHttp, unavailableResponse } from './http.ts';
export type { SheddingHttpProps, UnavailableResponse } from './http.ts';
export { createLoadShedder } from './load-shedder.ts';
export type { LoadShedder, LoadShedderProps, WorkPriority } from './load-shedder.ts';
