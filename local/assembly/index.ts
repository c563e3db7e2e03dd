/** Public surface: deploy a cloud assembly into the embedded AWS. */
export { deployAssembly } from './deploy-assembly.ts';
export type {
  DeployedAssembly,
  DeployedResource,
  DeployedStack,
  DeployOptions,
  LeftOutResource,
} from './deploy-assembly.ts';
export type { IgnoredProperty } from './stack.ts';
export { AssemblyError } from '../../lib/assembly/errors.ts';
export type { AssemblyErrorCode } from '../../lib/assembly/errors.ts';
export type {
  DatabaseAddress,
  DatabaseRequest,
  RecordedApi,
  RecordedDatabase,
  Records,
  StartDatabase,
} from './providers/provider.ts';
export { stacksOf } from './stacks.ts';
