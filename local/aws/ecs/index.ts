/** Public surface of the embedded Amazon ECS. */
export { CannotLaunch, launchOf, type LocalImage } from './launch.ts';
export type { ContainerView, TaskView } from './model.ts';
export { createEcsService, type EcsService, type TaskOutput } from './service.ts';
