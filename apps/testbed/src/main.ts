// Placeholder until the app is written.
console.log('nothing here yet')
