/**
 * Bytes of heap that `work` takes each time: the median of many runs, since a collection or the compiler may come between. The smallest
 * object has 16 bytes; the measurement itself takes some hundreds of bytes for 2000 times together, so below 8 is nothing.
 */
export declare function allocatedBy(work: () => void): number
