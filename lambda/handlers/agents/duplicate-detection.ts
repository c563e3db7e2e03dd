/** Agent `duplicate-detection` behind a queue. */
export { duplicateDetection as handler } from '../../agents/duplicate-detection.ts';
