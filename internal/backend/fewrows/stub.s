// Lets registered have no body: it lies in another package.
