/** Public surface of the embedded EventBridge Scheduler. */
export type { Schedule, ScheduleTarget } from './model.ts';
export { createSchedulerService, type SchedulerService } from './service.ts';
